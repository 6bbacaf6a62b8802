// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pulls into repositories of mode bare, whose files have their owners: those of operating systems.
@Suite(.enabled(if: TestUser.canBeMade, "only root can make files of other owners"))
struct BareRepositoryTests {
    /// A cache with files of other owners and groups, special permissions, attributes and capabilities.
    private static func system() throws -> Stage {
        try Stage(.bare) { tree in
            _ = try SampleTree(at: tree)
            try Stage.makePlainTree("\(tree)/plain")
            try Data("shadow".utf8).write(to: URL(fileURLWithPath: "\(tree)/shadow"))
            try Data(SampleTree.noise(count: 3 << 20, seed: 7)).write(
                to: URL(fileURLWithPath: "\(tree)/large"))
            try run([
                "sh", "-ec",
                """
                cd "$0"
                chown 1000:1001 bin/program large
                chown -h 1002:1003 links/dangling plain/link
                chown 1004 bin/setuid && chmod 6755 bin/setuid
                chmod 0 shadow
                chown 7:8 plain/directory
                setfattr -n trusted.test -v value bin/private
                setfattr -h -n trusted.link -v of-a-link links/file
                setfattr -n security.capability -v 0sAQAAAgAgAAAAAAAAAAAAAAAAAAA= plain/c
                """, tree,
            ]).checked()
        }
    }

    /// Owner, permissions, time, size and attributes of each object, and its content.
    private func objects(of repository: String) throws -> [String] {
        let status = try run(
            [
                "find", ".", "-type", "f", "-printf", "%p %M %U:%G %s\\n", "-o", "-type", "l", "-printf",
                "%p %M %U:%G %l\\n",
            ],
            directory: "\(repository)/objects"
        ).checked().lines
        let times = try run(
            ["find", ".", "-name", "*.file", "-type", "f", "-printf", "%p %T@\\n"],
            directory: "\(repository)/objects"
        ).checked().lines
        let attributes = try run(
            ["sh", "-c", "find . -name '*.file' | sort | xargs getfattr --absolute-names -h -m - -d -e hex"],
            directory: "\(repository)/objects"
        ).checked().lines
        return status.sorted() + times.sorted() + attributes
    }

    @Test(arguments: [true, false])
    func `Files have the owners, permissions and attributes that ostree pull gives them`(isDelta: Bool) throws
    {
        let stage = try Self.system()
        if isDelta {
            try OSTreeCommand.lines(stage.cache, ["static-delta", "generate", "--empty", stage.ref])
        }
        let server = try WebServer(directory: stage.cache)
        try stage.pullWell(from: server.plainURL, isDelta ? ["--deltas", "always"] : ["--deltas", "never"])

        let reference = try stage.another(.bare)
        try OSTreeCommand.addRemote(reference.mine, "origin", url: server.plainURL)
        try OSTreeCommand.pull(reference.mine, remote: "origin", refs: [stage.ref])
        #expect(try objects(of: stage.mine) == objects(of: reference.mine))
        #expect(try stage.artifact(["repo", "fsck", "--repo", stage.mine]).checked().succeeded)
        let (ours, theirs) = (stage.directory.path("ours"), stage.directory.path("theirs"))
        try OSTreeCommand.checkout(stage.mine, stage.ref, to: ours)
        try OSTreeCommand.checkout(reference.mine, stage.ref, to: theirs)
        #expect(try TreeSnapshot(ours).differences(from: TreeSnapshot(theirs)) == [])
    }

    @Test func `An interrupted pull goes on where it ended, and links get their owners too`() throws {
        let stage = try Self.system()
        let file = try #require(try stage.paths("filez").last)
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path == file ? .status(404) : nil
        }
        #expect(try stage.pull(from: server.url).failed)
        let verified = try Reader.leftovers(stage.mine)
        #expect(verified.count == 1)
        try stage.pullWell(from: stage.cache)
        let reference = try stage.another(.bare)
        try OSTreeCommand.lines(reference.mine, ["pull-local", stage.cache, stage.ref])
        #expect(try objects(of: stage.mine) == objects(of: reference.mine))
    }

    @Test func `Without root, a repository of mode bare is refused before an object is asked for`() throws {
        let stage = try Stage.plain()
        let user = try TestUser()
        let program = try user.install(Programs.artifact())
        let mine = "\(user.home)/mine"
        try OSTreeCommand.initRepo(mine, mode: .bare)
        try user.own(mine)
        let server = try FaultyWebServer(directory: stage.cache)
        let result = try user.run([
            program, "pull", "--repo", mine, "--remote", server.url, stage.ref,
        ])
        #expect(result.failed)
        #expect(result.errorText.contains("repository \(mine) is of mode bare"), "\(result.errorText)")
        #expect(result.errorText.contains("run this as root"))
        #expect(!server.requestedPaths.contains { $0.hasPrefix("/objects/") })
    }
}
