// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport

/// A cache to pull from: an archive repository with one commit, ready to be served.
final class Cache: Sendable {
    /// The ref of the first commit.
    let ref = "project/element/key"
    /// The first commit.
    let commit: String
    /// The archive repository.
    let repository: String
    /// The directory that was committed.
    let tree: String

    private let directory: TemporaryDirectory
    private let options: [String]

    /// When every commit was made.
    static let timestamp = "2020-02-03 04:05:06 +0000"

    /// Makes a cache with what `build` puts into a directory.
    init(options: [String] = [], _ build: (_ tree: String) throws -> Void) throws {
        directory = try TemporaryDirectory()
        repository = directory.path("cache")
        tree = directory.path("tree")
        self.options = options + ["--timestamp=\(Cache.timestamp)", "--fsync=false"]
        try build(tree)
        try OSTreeCommand.initRepo(repository, mode: .archive)
        commit = try OSTreeCommand.commit(repository, tree: tree, refs: [ref], options: self.options)
    }

    /// Makes a cache with a directory that is there already, compressed as fast as can be.
    init(of tree: String) throws {
        directory = try TemporaryDirectory()
        repository = directory.path("cache")
        self.tree = tree
        options = ["--timestamp=\(Cache.timestamp)", "--fsync=false"]
        try OSTreeCommand.initRepo(repository, mode: .archive)
        try OSTreeCommand.lines(repository, ["config", "set", "archive.zlib-level", "1"])
        commit = try OSTreeCommand.commit(repository, tree: tree, refs: [ref], options: options)
    }

    /// A cache with a bit of everything.
    static func awkward() throws -> Cache {
        try Cache { _ = try SampleTree(at: $0) }
    }

    /// A cache with a few files and folders that repositories of every mode can keep.
    static func plain() throws -> Cache {
        try Cache(options: ["--owner-uid=0", "--owner-gid=0"], buildPlainTree)
    }

    /// A cache with so many small files.
    static func large(_ count: Int) throws -> Cache {
        try Cache(options: ["--owner-uid=0", "--owner-gid=0"]) {
            try SampleTree.manySmallFiles(count, at: $0)
        }
    }

    /// What ``plain()`` has in it: two folders, four files of which one is empty, and a link.
    static func buildPlainTree(_ tree: String) throws {
        try FileManager.default.createDirectory(
            atPath: "\(tree)/folder/inner", withIntermediateDirectories: true)
        for (name, text) in [
            ("folder/a", "contents of a\n"), ("folder/inner/b", "contents of b\n"), ("c", "contents of c\n"),
            ("empty", ""),
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(tree)/\(name)"))
        }
        try FileManager.default.createSymbolicLink(atPath: "\(tree)/link", withDestinationPath: "folder/a")
    }

    /// Commits the tree as it is now, with one more file `more`, under a ref.
    @discardableResult
    func commitMore(_ text: String, ref: String? = nil, parent: String = "none") throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(tree)/more"))
        return try OSTreeCommand.commit(
            repository, tree: tree, refs: [ref ?? self.ref], parent: parent, options: options)
    }

    /// Replaces the detached metadata of the first commit, whose tree must not have changed since.
    func setDetachedMetadata(_ key: String, _ value: String) throws {
        let made = try OSTreeCommand.commit(
            repository, tree: tree, refs: [ref], parent: "none",
            options: options + ["--add-detached-metadata-string=\(key)=\(value)"])
        guard made == commit else { throw TestSupportError("\(made) was made in place of \(commit)") }
    }

    /// The paths of the objects of a type, as a web server has them: `/objects/ab/cd….dirtree`.
    func paths(_ type: String) throws -> [String] {
        try OSTreeCommand.listObjects(repository).filter { $0.hasSuffix(".\(type)") }.map(Cache.path)
    }

    /// The path of an object, as a web server has it.
    static func path(_ object: String) -> String {
        "/objects/\(object.prefix(2))/\(object.dropFirst(2))"
    }

    /// The checksum of the object that a path is of.
    static func checksum(_ path: String) -> String {
        path.split(separator: ".")[0].replacingOccurrences(of: "/objects/", with: "")
            .replacingOccurrences(of: "/", with: "")
    }
}
