// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Trees that are awkward, many or large: a pull from the cache brings the tree that was committed.
///
/// The slow ones are not serialised: as the last ones they would leave a processor idle, and Swift Testing runs no more
/// of them at a time than there are processors.
@Suite struct ContentTests {
    /// Pushes a commit to a cache, pulls it from there with `ostree`, and compares the checkouts.
    private func expectRoundTrip(
        _ stage: Stage, _ ref: String, _ commit: String, _ options: [String] = []
    ) throws {
        let result = try stage.push([ref], options)
        expectSuccess(result)
        try stage.expectArrived([ref], at: commit)
        #expect(try Reader.objects(stage.cache) == Reader.objects(stage.mine))
        let mirror = stage.directory.path("mirror")
        try OSTreeCommand.initRepo(mirror, mode: .bareUser)
        try OSTreeCommand.addRemote(mirror, "cache", url: "file://\(stage.cache)")
        try OSTreeCommand.pull(mirror, remote: "cache", refs: [ref])
        let (ours, theirs) = (stage.directory.path("ours"), stage.directory.path("theirs"))
        try OSTreeCommand.checkout(stage.mine, commit, to: ours, options: ["--user-mode"])
        try OSTreeCommand.checkout(mirror, commit, to: theirs, options: ["--user-mode"])
        #expect(try TreeSnapshot(theirs).differences(from: TreeSnapshot(ours)) == [])
    }

    @Test(arguments: ["1", "0"])
    func `A tree with a bit of everything arrives as it is`(version: String) throws {
        let stage = try Stage(.bareUser)
        let tree = try SampleTree(at: stage.directory.path("tree"))
        let commit = try OSTreeCommand.commit(stage.mine, tree: tree.path, refs: ["sample"])
        try expectRoundTrip(stage, "sample", commit, ["--protocol", version])
    }

    @Test(.enabled(if: TestUser.canBeMade, "only root keeps owners"))
    func `Owners, permissions and attributes are those of the tree`() throws {
        let stage = try Stage(.bare)
        let tree = try SampleTree(at: stage.directory.path("tree"))
        try run(["chown", "4711:4712", "\(tree.path)/one byte"]).checked()
        let commit = try OSTreeCommand.commit(stage.mine, tree: tree.path, refs: ["sample"])
        expectSuccess(try stage.push(["sample"]))
        try stage.expectArrived(["sample"], at: commit)
        let pulled = stage.directory.path("bare")
        try OSTreeCommand.initRepo(pulled, mode: .bare)
        try OSTreeCommand.addRemote(pulled, "cache", url: "file://\(stage.cache)")
        try OSTreeCommand.pull(pulled, remote: "cache", refs: ["sample"])
        let checkout = stage.directory.path("checkout")
        try OSTreeCommand.checkout(pulled, commit, to: checkout)
        #expect(try TreeSnapshot(checkout).differences(from: TreeSnapshot(tree.path)) == [])
        let owner = try run(["stat", "-c", "%u:%g", "\(checkout)/one byte"])
        #expect(owner.lines == ["4711:4712"])
    }

    @Test func `What bst-artifact itself commits arrives as it is`() throws {
        let stage = try Stage(.bareUser)
        let tree = try SampleTree(at: stage.directory.path("tree"))
        let result = try stage.artifact([
            "commit", "--repo", stage.mine, tree.path, "project/element/strong", "project/element/weak",
        ])
        expectSuccess(result)
        let commit = try #require(result.lines.last)
        try expectRoundTrip(stage, "project/element/weak", commit)
    }

    @Test func `Ten thousand small files arrive`() throws {
        let stage = try Stage(.bareUser)
        let tree = stage.directory.path("tree")
        try SampleTree.manySmallFiles(10_000, at: tree)
        let commit = try OSTreeCommand.commit(stage.mine, tree: tree, refs: ["many"])
        expectSuccess(try stage.push(["many"]))
        try stage.expectArrived(["many"], at: commit)
        #expect(try Reader.objects(stage.cache) == Reader.objects(stage.mine))
    }

    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: "/usr/include/stdio.h"), "no /usr/include here"))
    func `A real tree arrives over ssh`() throws {
        let stage = try Stage(.bareUser)
        let commit = try OSTreeCommand.commit(stage.mine, tree: "/usr/include", refs: ["usr/include"])
        let server = try SSHServer(environmentPath: Programs.searchPath)
        expectSuccess(
            try stage.push(["usr/include"], to: "localhost:\(stage.cache)", over: server))
        try stage.expectArrived(["usr/include"], at: commit)
        // The same commit, of which every object has the checksum that its name says: nothing can differ.
        #expect(try Reader.objects(stage.cache) == Reader.objects(stage.mine))
    }

    @Test(.enabled(if: ContentTests.freeSpace >= 3 << 30, "less than 3 GiB of disk are free"))
    func `A file of more than 4 GiB arrives`() throws {
        let stage = try Stage(.archive)
        let commit = try LargeFile.commit(stage.mine, ref: "large")
        expectSuccess(try stage.push(["large"]))
        #expect(try OSTreeCommand.revParse(stage.cache, "large") == commit)
        // `ostree fsck` would read 4 GiB; the same bytes have the same checksum.
        #expect(try OSTreeCommand.listObjects(stage.cache) == OSTreeCommand.listObjects(stage.mine))
        for object in try OSTreeCommand.listObjects(stage.mine) {
            let path = "objects/\(object.prefix(2))/\(object.dropFirst(2))"
            try run(["cmp", "\(stage.mine)/\(path)", "\(stage.cache)/\(path)"]).checked()
        }
        #expect(try Reader.leftovers(stage.cache).isEmpty)
        let listed = try OSTreeCommand.lines(stage.cache, ["ls", commit, "/large"])
        #expect(listed.first?.contains(" \(LargeFile.size) ") == true, "\(listed)")
    }

    private static var freeSpace: Int {
        var status = statvfs()
        guard statvfs(NSTemporaryDirectory(), &status) == 0 else { return 0 }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}
