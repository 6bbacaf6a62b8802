// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Trees that are awkward, many or large: what is pulled from the cache is what was committed.
///
/// The slow ones are not serialised: as the last ones they would leave a processor idle, and Swift Testing runs no more
/// of them at a time than there are processors.
@Suite struct ContentTests {
    /// Pushes a commit to a cache, pulls it from there with `ostree`, and compares what is checked out.
    private func expectRoundTrip(
        _ shop: Workshop, _ ref: String, _ commit: String, _ options: [String] = []
    ) throws {
        let result = try Client.push([ref], from: shop.source, to: shop.cache, options, timeout: 300)
        expectSuccess(result)
        try expectArrived([ref], at: commit, in: shop.cache)
        #expect(try Reader.objects(shop.cache) == Reader.objects(shop.source))
        let mirror = shop.directory.path("mirror")
        try OSTreeCommand.initRepo(mirror, mode: .bareUser)
        try OSTreeCommand.addRemote(mirror, "cache", url: "file://\(shop.cache)")
        try OSTreeCommand.pull(mirror, remote: "cache", refs: [ref])
        let (ours, theirs) = (shop.directory.path("ours"), shop.directory.path("theirs"))
        try OSTreeCommand.checkout(shop.source, commit, to: ours, options: ["--user-mode"])
        try OSTreeCommand.checkout(mirror, commit, to: theirs, options: ["--user-mode"])
        #expect(try TreeSnapshot(theirs).differences(from: TreeSnapshot(ours)) == [])
    }

    @Test(arguments: ["1", "0"])
    func `A tree with a bit of everything arrives as it is`(version: String) throws {
        let shop = try Workshop(.bareUser)
        let tree = try SampleTree(at: shop.directory.path("tree"))
        let commit = try OSTreeCommand.commit(shop.source, tree: tree.path, refs: ["sample"])
        try expectRoundTrip(shop, "sample", commit, ["--protocol", version])
    }

    @Test(.enabled(if: TestUser.canBeMade, "only root keeps owners"))
    func `Owners, permissions and attributes are those of the tree`() throws {
        let shop = try Workshop(.bare)
        let tree = try SampleTree(at: shop.directory.path("tree"))
        try run(["chown", "4711:4712", "\(tree.path)/one byte"]).checked()
        let commit = try OSTreeCommand.commit(shop.source, tree: tree.path, refs: ["sample"])
        expectSuccess(try Client.push(["sample"], from: shop.source, to: shop.cache))
        try expectArrived(["sample"], at: commit, in: shop.cache)
        let pulled = shop.directory.path("bare")
        try OSTreeCommand.initRepo(pulled, mode: .bare)
        try OSTreeCommand.addRemote(pulled, "cache", url: "file://\(shop.cache)")
        try OSTreeCommand.pull(pulled, remote: "cache", refs: ["sample"])
        let checkout = shop.directory.path("checkout")
        try OSTreeCommand.checkout(pulled, commit, to: checkout)
        #expect(try TreeSnapshot(checkout).differences(from: TreeSnapshot(tree.path)) == [])
        let owner = try run(["stat", "-c", "%u:%g", "\(checkout)/one byte"])
        #expect(owner.lines == ["4711:4712"])
    }

    @Test func `What bst-artifact itself commits arrives as it is`() throws {
        let shop = try Workshop(.bareUser)
        let tree = try SampleTree(at: shop.directory.path("tree"))
        let result = try Client.run([
            "commit", "--repo", shop.source, tree.path, "project/element/strong", "project/element/weak",
        ])
        expectSuccess(result)
        let commit = try #require(result.lines.last)
        try expectRoundTrip(shop, "project/element/weak", commit)
    }

    @Test func `Ten thousand small files arrive`() throws {
        let shop = try Workshop(.bareUser)
        let tree = shop.directory.path("tree")
        try SampleTree.manySmallFiles(10_000, at: tree)
        let commit = try OSTreeCommand.commit(shop.source, tree: tree, refs: ["many"])
        expectSuccess(try Client.push(["many"], from: shop.source, to: shop.cache))
        try expectArrived(["many"], at: commit, in: shop.cache)
        #expect(try Reader.objects(shop.cache) == Reader.objects(shop.source))
    }

    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: "/usr/include/stdio.h"), "no /usr/include here"))
    func `A real tree arrives over ssh`() throws {
        let shop = try Workshop(.bareUser)
        let commit = try OSTreeCommand.commit(shop.source, tree: "/usr/include", refs: ["usr/include"])
        let server = try SSHServer(environmentPath: Programs.searchPath)
        expectSuccess(
            try Client.push(
                ["usr/include"], from: shop.source, to: "localhost:\(shop.cache)", over: server))
        try expectArrived(["usr/include"], at: commit, in: shop.cache)
        // The same commit, of which every object has the checksum that its name says: nothing can differ.
        #expect(try Reader.objects(shop.cache) == Reader.objects(shop.source))
    }

    @Test(.enabled(if: ContentTests.freeSpace >= 3 << 30, "less than 3 GiB of disk are free"))
    func `A file of more than 4 GiB arrives`() throws {
        let shop = try Workshop(.archive)
        let commit = try LargeFile.commit(shop.source, ref: "large")
        expectSuccess(try Client.push(["large"], from: shop.source, to: shop.cache, timeout: 300))
        #expect(try OSTreeCommand.revParse(shop.cache, "large") == commit)
        // `ostree fsck` would read 4 GiB; the same bytes have the same checksum.
        #expect(try OSTreeCommand.listObjects(shop.cache) == OSTreeCommand.listObjects(shop.source))
        for object in try OSTreeCommand.listObjects(shop.source) {
            let path = "objects/\(object.prefix(2))/\(object.dropFirst(2))"
            try run(["cmp", "\(shop.source)/\(path)", "\(shop.cache)/\(path)"]).checked()
        }
        #expect(try Reader.leftovers(shop.cache).isEmpty)
        let listed = try OSTreeCommand.lines(shop.cache, ["ls", commit, "/large"])
        #expect(listed.first?.contains(" \(LargeFile.size) ") == true, "\(listed)")
    }

    private static var freeSpace: Int {
        var status = statvfs()
        guard statvfs(NSTemporaryDirectory(), &status) == 0 else { return 0 }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}
