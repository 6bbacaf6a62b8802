// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct TreeTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test func `A temporary directory goes with all in it when nobody refers to it any more`() throws {
        var directory: TemporaryDirectory? = try TemporaryDirectory()
        let path = try #require(directory?.path)
        _ = try SampleTree(at: path + "/tree")
        directory = nil
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `A snapshot tells every kind of change`() throws {
        let tree = try SampleTree(at: directory.path("tree"))
        let before = try TreeSnapshot(tree.path)
        #expect(try TreeSnapshot(tree.path) == before)

        try #require(chmod(tree.path + "/bin/setuid", 0o755) == 0)
        try directory.file("tree/one byte", [1])
        try directory.file("tree/names/new", "")
        try FileManager.default.removeItem(atPath: tree.path + "/empty/in/another")
        try FileManager.default.removeItem(atPath: tree.path + "/links/dangling")
        try #require(symlink("elsewhere", tree.path + "/links/dangling") == 0)
        try directory.file("tree/tmp/left out", "")
        let differences = try TreeSnapshot(tree.path, excluding: ["tmp"]).differences(from: before)
        #expect(
            differences.map { $0.split(separator: ":")[0] } == [
                "changed bin/setuid", "removed empty/in/another", "changed links/dangling", "added names/new",
                "changed one byte",
            ])
    }

    @Test func `A snapshot has extended attributes where the file system keeps them`() throws {
        let tree = try SampleTree(at: directory.path("tree"))
        let kept = try TreeSnapshot(tree.path).entries["attributes"]?.attributes["user.bytes"]
        #expect(kept == (tree.hasExtendedAttributes ? "\\x00\\x01\\xff" : nil))
    }

    @Test func `ostree gives back the sample tree as it was`() throws {
        let tree = try SampleTree(at: directory.path("tree"))
        let repository = directory.path("repo")
        try OSTreeCommand.initRepo(repository, mode: .bareUser)
        let commit = try OSTreeCommand.commit(repository, tree: tree.path, refs: ["sample"])
        try OSTreeCommand.fsck(repository)
        try OSTreeCommand.checkout(repository, commit, to: directory.path("out"), options: ["--user-mode"])
        let out = try TreeSnapshot(directory.path("out"))
        #expect(Set(out.entries.keys) == Set(try TreeSnapshot(tree.path).entries.keys))
    }

    @Test func `A damaged repository does not pass fsck`() throws {
        let repository = directory.path("repo")
        try SampleTree.manySmallFiles(3, at: directory.path("tree"))
        try OSTreeCommand.initRepo(repository, mode: .archive)
        try OSTreeCommand.commit(repository, tree: directory.path("tree"), refs: ["sample"])
        let object = try #require(try OSTreeCommand.listObjects(repository).first { $0.hasSuffix(".filez") })
        try directory.file("repo/objects/\(object.prefix(2))/\(object.dropFirst(2))", "damaged")
        #expect(throws: TestSupportError.self) { try OSTreeCommand.fsck(repository) }
    }

    @Test func `A sparse file has its size and little else`() throws {
        let path = directory.path("sparse")
        try SampleTree.sparseFile(size: 1 << 30, at: path)
        let result = try run(["stat", "-c", "%s %b", path])
        let numbers = result.text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        #expect(numbers[0] == 1 << 30)
        #expect(numbers[1] < 100)
    }
}
