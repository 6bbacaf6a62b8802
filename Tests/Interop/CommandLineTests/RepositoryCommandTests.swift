// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct RepositoryCommandTests {
    private func json(_ result: ProcessResult) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any])
    }

    /// What files take on disk, as the file system counts.
    private func allocated(_ paths: [String]) -> Int {
        paths.reduce(0) { sum, path in
            var status = stat()
            return lstat(path, &status) == 0 ? sum + Int(status.st_blocks) * 512 : sum
        }
    }

    @Test func `stats adds up what each project takes, and what it shares`() throws {
        let shell = try Shell()
        // The second project has a folder of the first one.
        try shell.directory.folder("shared")
        try FileManager.default.copyItem(
            atPath: shell.directory.path("tree/bin"), toPath: shell.directory.path("shared/bin"))
        for path in ["shared", "shared/bin"] { chmod(shell.directory.path(path), 0o755) }
        try OSTreeCommand.commit(
            shell.mine, tree: shell.directory.path("shared"), refs: ["other/x/1"],
            options: [
                "--timestamp=2001-02-03 04:05:06 +0000", "--owner-uid=0", "--owner-gid=0", "--fsync=false",
            ])
        let result = try json(shell.well("bst-artifact repo stats --repo mine --json"))
        let projects = try #require(result["projects"] as? [[String: Any]])
        #expect(projects.map { $0["project"] as? String } == ["hello", "other", "world"])
        #expect(
            projects.map { $0["refs"] as? Int } == [2, 1, 1]
                && projects.map { $0["artifacts"] as? Int } == [1, 1, 1])
        let unique = projects.compactMap { $0["uniqueBytes"] as? Int }
        let shared = projects.compactMap { $0["sharedBytes"] as? Int }
        // bin, the tool in it, and the folders' metadata are in both of the last two; the metadata in all three.
        func objects(_ ref: String) throws -> Set<String> {
            let lines = try OSTreeCommand.lines(shell.mine, ["ls", "-R", "-C", ref]).flatMap {
                $0.split(separator: " ").map(String.init)
            }
            let sums = Set(lines.filter { $0.count == 64 })
            let all =
                FileManager.default.enumerator(atPath: "\(shell.mine)/objects")?.allObjects as? [String] ?? []
            let commit = try OSTreeCommand.revParse(shell.mine, ref)
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
                    == allocated(sets[index].subtracting(others).map { "\(shell.mine)/objects/\($0)" }))
            #expect(
                shared[index]
                    == allocated(sets[index].intersection(others).map { "\(shell.mine)/objects/\($0)" }))
        }
        let oldest = projects[1]["oldest"] as? [String: Any]
        #expect(oldest?["ref"] as? String == "other/x/1" && oldest?["timestamp"] as? Int == 981_173_106)
        #expect((projects[0]["largest"] as? [String: Any])?["ref"] as? String == "hello/base/4f2a")
    }

    @Test func `What is pinned stays when room is made, and may go when it is not any more`() throws {
        let shell = try Shell()
        try shell.well("bst-artifact push --repo mine --remote \(shell.cache) --all")
        try shell.well("bst-artifact repo pin --repo cache hello/* world/app/11aa")
        #expect(try shell.run("bst-artifact repo expire --repo cache --max-size 1").status == .exited(2))
        #expect(try OSTreeCommand.refs(shell.cache).count == 3)
        #expect(try shell.well("bst-artifact repo pin --repo cache").lines == ["hello/*", "world/app/11aa"])
        try shell.well("bst-artifact repo unpin --repo cache hello/*")
        #expect(try shell.run("bst-artifact repo expire --repo cache --max-size 1").status == .exited(2))
        #expect(try OSTreeCommand.refs(shell.cache) == ["world/app/11aa"])
    }

    @Test func `A pinned ref is kept by the receiver, too`() throws {
        let shell = try Shell()
        try shell.well("bst-artifact push --repo mine --remote \(shell.cache) hello/base/4f2a")
        try shell.well("bst-artifact repo pin --repo cache hello/base/4f2a")
        let program = try shell.receiver("--max-size 30K")
        _ = try shell.run(
            "bst-artifact push --repo mine --remote \(shell.cache) --receiver \(program) world/app/11aa")
        #expect(try OSTreeCommand.refs(shell.cache).contains("hello/base/4f2a"))
    }

    @Test func `The log says who pushed and deleted what`() throws {
        let shell = try Shell()
        try shell.directory.file(
            "home/.ssh/authorized_keys",
            "restrict,command=\"x y\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHvyDMK1gPPDbKQzqp6DDHA8kBQzlKDyJNvVSh4mGwjU build farm 7\n"
        )
        try shell.directory.file(
            "auth",
            "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHvyDMK1gPPDbKQzqp6DDHA8kBQzlKDyJNvVSh4mGwjU\n")
        let key = try TestSupport.run(
            ["ssh-keygen", "-lf", shell.directory.path("home/.ssh/authorized_keys")]).checked().text.split(
                separator: " ")[1]
        let variables: [String: String?] = [
            "SSH_CONNECTION": "192.0.2.7 5022 192.0.2.1 22", "SSH_USER_AUTH": shell.directory.path("auth"),
        ]
        let arguments = try [
            Programs.artifact(), "push", "--repo", shell.mine, "--remote", shell.cache, "hello/base/4f2a",
        ]
        try TestSupport.run(arguments, environment: shell.environment.merging(variables) { $1 }).checked()
        let lines = try shell.well("bst-artifact repo log --repo cache").lines
        #expect(lines.count == 2)
        #expect(lines[0].contains("  build farm 7 \(key) 192.0.2.7: 6 objects, "))
        #expect(lines[1] == "  hello/base/4f2a: new, at \(shell.first)")
        let program = try shell.receiver("--allow-delete --pusher 'an\tadmin'")
        try shell.well("bst-artifact delete --remote \(shell.cache) --receiver \(program) hello/base/4f2a")
        let last = try json(shell.well("bst-artifact repo log --repo cache --limit 1 --json"))
        #expect(last["name"] as? String == "an admin" && last["key"] as? String == "")
        #expect((last["refs"] as? [[String: Any]])?.first?["new"] is NSNull)
        #expect(try shell.well("bst-artifact repo log --repo cache world/*").text.isEmpty)
        #expect(try shell.well("bst-artifact repo log --repo cache hello/*").lines.count == 4)
    }

    @Test func `A cache that was just made has an empty summary, and no limit of libostree's`() throws {
        let shell = try Shell()
        for _ in 0..<2 {
            try shell.well("bst-artifact init new")
            let new = shell.directory.path("new")
            #expect(try OSTreeCommand.lines(new, ["summary", "--view"]).filter { $0.hasPrefix("*") } == [])
            #expect(
                try OSTreeCommand.lines(new, ["config", "get", "core.min-free-space-percent"]) == ["0"])
            #expect(try shell.well("bst-artifact list --remote \(new)").text == "")
            // One that was made by somebody else gets a summary, and keeps its settings.
            try shell.well("rm -r new")
            try shell.well("ostree init --repo=new --mode=archive")
            try shell.well("ostree config --repo=new set core.min-free-space-percent 0")
        }
        try shell.well("bst-artifact init --mode bare-user builder")
        #expect(!FileManager.default.fileExists(atPath: shell.directory.path("builder/summary")))
    }

    @Test func `A push that changes nothing is not in the log`() throws {
        let shell = try Shell()
        for _ in 0..<2 {
            try shell.well("bst-artifact push --repo mine --remote \(shell.cache) hello/base/4f2a")
        }
        #expect(try shell.well("bst-artifact repo log --repo cache --json").lines.count == 1)
    }

    @Test func `diff says what ostree diff says`() throws {
        let shell = try Shell()
        let ours = try shell.well("bst-artifact diff --repo mine hello/base/4f2a world/app/11aa").lines
        let theirs = try OSTreeCommand.lines(shell.mine, ["diff", "hello/base/4f2a", "world/app/11aa"])
        #expect(
            Set(ours.map { $0.split(separator: " ").joined(separator: " ") })
                == Set(theirs.map { $0.split(separator: " ").joined(separator: " ") }))
        #expect(ours == ["M  /bin/tool", "A  /new", "D  /old"])
        #expect(try shell.well("bst-artifact diff --repo mine hello/base/4f2a \(shell.first)").text.isEmpty)
    }
}
