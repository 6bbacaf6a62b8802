// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct RepositoryCommandTests {
    private func json(_ result: ProcessResult) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any])
    }

    /// The disk space of files, as the file system counts.
    private func allocated(_ paths: [String]) -> Int {
        paths.reduce(0) { sum, path in
            var status = stat()
            return lstat(path, &status) == 0 ? sum + Int(status.st_blocks) * 512 : sum
        }
    }

    @Test func `stats adds up what each project takes, and what it shares`() throws {
        let stage = try Stage.withArtifacts()
        // The second project has a directory of the first one.
        try stage.directory.makeDirectory("shared")
        try FileManager.default.copyItem(
            atPath: stage.directory.path("tree/bin"), toPath: stage.directory.path("shared/bin"))
        for path in ["shared", "shared/bin"] { chmod(stage.directory.path(path), 0o755) }
        try OSTreeCommand.commit(
            stage.mine, tree: stage.directory.path("shared"), refs: ["other/x/1"],
            options: [
                "--timestamp=2001-02-03 04:05:06 +0000", "--owner-uid=0", "--owner-gid=0", "--fsync=false",
            ])
        let result = try json(stage.well("bst-artifact repo stats --repo mine --json"))
        let projects = try #require(result["projects"] as? [[String: Any]])
        #expect(projects.map { $0["project"] as? String } == ["hello", "other", "world"])
        #expect(
            projects.map { $0["refs"] as? Int } == [2, 1, 1]
                && projects.map { $0["artifacts"] as? Int } == [1, 1, 1])
        let unique = projects.compactMap { $0["uniqueBytes"] as? Int }
        let shared = projects.compactMap { $0["sharedBytes"] as? Int }
        // bin, the tool in it, and the directories' metadata are in both of the last two; the metadata in all three.
        func objects(_ ref: String) throws -> Set<String> {
            let lines = try OSTreeCommand.lines(stage.mine, ["ls", "-R", "-C", ref]).flatMap {
                $0.split(separator: " ").map(String.init)
            }
            let sums = Set(lines.filter { $0.count == 64 })
            let all =
                FileManager.default.enumerator(atPath: "\(stage.mine)/objects")?.allObjects as? [String] ?? []
            let commit = try OSTreeCommand.revParse(stage.mine, ref)
            return Set(
                all.filter { path in
                    let name = path.replacing("/", with: "").prefix(64)
                    return sums.contains(String(name)) || name == commit
                })
        }
        let sets = try ["hello/base/4f2a", "other/x/1", "world/app/11aa"].map(objects)
        for index in 0..<3 {
            let others = sets.indices.filter { $0 != index }.reduce(into: Set<String>()) {
                $0.formUnion(sets[$1])
            }
            #expect(
                unique[index]
                    == allocated(sets[index].subtracting(others).map { "\(stage.mine)/objects/\($0)" }))
            #expect(
                shared[index]
                    == allocated(sets[index].intersection(others).map { "\(stage.mine)/objects/\($0)" }))
        }
        let oldest = projects[1]["oldest"] as? [String: Any]
        #expect(oldest?["ref"] as? String == "other/x/1" && oldest?["timestamp"] as? Int == 981_173_106)
        #expect((projects[0]["largest"] as? [String: Any])?["ref"] as? String == "hello/base/4f2a")
    }

    @Test func `What is pinned stays when room is made, and may go when it is not any more`() throws {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all")
        try stage.well("bst-artifact repo pin --repo cache hello/* world/app/11aa")
        #expect(try stage.run("bst-artifact repo expire --repo cache --max-size 1").status == .exited(2))
        #expect(try OSTreeCommand.refs(stage.cache).count == 3)
        #expect(try stage.well("bst-artifact repo pin --repo cache").lines == ["hello/*", "world/app/11aa"])
        try stage.well("bst-artifact repo unpin --repo cache hello/*")
        #expect(try stage.run("bst-artifact repo expire --repo cache --max-size 1").status == .exited(2))
        #expect(try OSTreeCommand.refs(stage.cache) == ["world/app/11aa"])
    }

    @Test func `A pinned ref is kept by the receiver, too`() throws {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) hello/base/4f2a")
        try stage.well("bst-artifact repo pin --repo cache hello/base/4f2a")
        let program = try stage.receiver("--max-size 30K")
        _ = try stage.run(
            "bst-artifact push --repo mine --remote \(stage.cache) --receiver \(program) world/app/11aa")
        #expect(try OSTreeCommand.refs(stage.cache).contains("hello/base/4f2a"))
    }

    @Test func `The log says who pushed and deleted what`() throws {
        let stage = try Stage.withArtifacts()
        try stage.directory.file(
            "home/.ssh/authorized_keys",
            "restrict,command=\"x y\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHvyDMK1gPPDbKQzqp6DDHA8kBQzlKDyJNvVSh4mGwjU build farm 7\n"
        )
        try stage.directory.file(
            "auth",
            "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHvyDMK1gPPDbKQzqp6DDHA8kBQzlKDyJNvVSh4mGwjU\n")
        let key = try TestSupport.run(
            ["ssh-keygen", "-lf", stage.directory.path("home/.ssh/authorized_keys")]).checked().text.split(
                separator: " ")[1]
        let variables: [String: String?] = [
            "SSH_CONNECTION": "192.0.2.7 5022 192.0.2.1 22", "SSH_USER_AUTH": stage.directory.path("auth"),
        ]
        try stage.push(["hello/base/4f2a"], environment: variables).checked()
        let lines = try stage.well("bst-artifact repo log --repo cache").lines
        #expect(lines.count == 2)
        #expect(lines[0].contains("  build farm 7 \(key) 192.0.2.7: 6 objects, "))
        #expect(lines[1] == "  hello/base/4f2a: new, at \(stage.first)")
        let program = try stage.receiver("--allow-delete --pusher 'an\tadmin'")
        try stage.well("bst-artifact delete --remote \(stage.cache) --receiver \(program) hello/base/4f2a")
        let last = try json(stage.well("bst-artifact repo log --repo cache --limit 1 --json"))
        #expect(last["name"] as? String == "an admin" && last["key"] as? String == "")
        #expect((last["refs"] as? [[String: Any]])?.first?["new"] is NSNull)
        #expect(try stage.well("bst-artifact repo log --repo cache world/*").text.isEmpty)
        #expect(try stage.well("bst-artifact repo log --repo cache hello/*").lines.count == 4)
    }

    @Test func `A cache that was just made has an empty summary, and no limit of libostree's`() throws {
        let stage = try Stage.withArtifacts()
        for _ in 0..<2 {
            try stage.well("bst-artifact init new")
            let new = stage.directory.path("new")
            #expect(try OSTreeCommand.lines(new, ["summary", "--view"]).filter { $0.hasPrefix("*") } == [])
            #expect(
                try OSTreeCommand.lines(new, ["config", "get", "core.min-free-space-percent"]) == ["0"])
            #expect(try stage.well("bst-artifact list --remote \(new)").text == "")
            // One that was made by somebody else gets a summary, and keeps its settings.
            try stage.well("rm -r new")
            try stage.well("ostree init --repo=new --mode=archive")
            try stage.well("ostree config --repo=new set core.min-free-space-percent 0")
        }
        try stage.well("bst-artifact init --mode bare-user builder")
        #expect(!FileManager.default.fileExists(atPath: stage.directory.path("builder/summary")))
    }

    @Test func `A push that changes nothing is not in the log`() throws {
        let stage = try Stage.withArtifacts()
        for _ in 0..<2 {
            try stage.well("bst-artifact push --repo mine --remote \(stage.cache) hello/base/4f2a")
        }
        #expect(try stage.well("bst-artifact repo log --repo cache --json").lines.count == 1)
    }

    @Test func `diff says what ostree diff says`() throws {
        let stage = try Stage.withArtifacts()
        let ours = try stage.well("bst-artifact diff --repo mine hello/base/4f2a world/app/11aa").lines
        let theirs = try OSTreeCommand.lines(stage.mine, ["diff", "hello/base/4f2a", "world/app/11aa"])
        #expect(
            Set(ours.map { $0.split(separator: " ").joined(separator: " ") })
                == Set(theirs.map { $0.split(separator: " ").joined(separator: " ") }))
        #expect(ours == ["M  /bin/tool", "A  /new", "D  /old"])
        #expect(try stage.well("bst-artifact diff --repo mine hello/base/4f2a \(stage.first)").text.isEmpty)
    }
}
