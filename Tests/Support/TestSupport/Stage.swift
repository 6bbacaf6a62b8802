// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The surroundings of one test: a temporary directory with a home, a repository of one's own and a cache.
///
/// The programs run in it as a user without any configuration: see ``artifact(_:environment:timeout:)``.
public struct Stage: Sendable {
    /// The directory that everything lies in.
    public private(set) var directory: TemporaryDirectory
    /// The repository to push from and to pull into.
    public var mine: String { directory.path("mine") }
    /// The repository to push to and to pull from.
    public let cache: String
    /// The directory of ``cache``, which may be another stage's.
    private let cacheDirectory: TemporaryDirectory
    /// The directory that was committed at the beginning.
    public let tree: String
    /// The ref of the first of ``commits``.
    public let ref: String
    /// The commits that the stage began with, in the order in which they were made.
    public let commits: [String]
    /// The options of `ostree commit` for everything that ``commitMore(_:ref:parent:)`` makes.
    private let commitOptions: [String]

    /// The first commit that the stage began with.
    public var first: String { commits[0] }
    /// The second commit that the stage began with.
    public var second: String { commits[1] }

    private init(
        _ directory: TemporaryDirectory, cacheNamed cacheName: String = "cache", ref: String = "a/b/c",
        commits: [String] = [], options: [String] = []
    ) throws {
        self.directory = directory
        cacheDirectory = directory
        cache = directory.path(cacheName)
        tree = directory.path("tree")
        self.ref = ref
        self.commits = commits
        commitOptions = options
        try directory.makeDirectory("home/.config")
    }

    /// Makes two empty repositories, the cache with a summary where it is an archive.
    ///
    /// - Parameters:
    ///   - mode: The mode of ``mine``.
    ///   - cacheMode: The mode of ``cache``.
    ///   - cacheName: The cache's name in ``directory``.
    public init(
        _ mode: OSTreeCommand.Mode = .archive, cache cacheMode: OSTreeCommand.Mode = .archive,
        cacheName: String = "cache"
    ) throws {
        try self.init(TemporaryDirectory(), cacheNamed: cacheName)
        try OSTreeCommand.initRepo(mine, mode: mode)
        try OSTreeCommand.initRepo(cache, mode: cacheMode, hasSummary: cacheMode == .archive)
    }
}

// A repository of one's own that has commits, for all that is done with them.
extension Stage {
    /// A stage whose own repository has commits at `hello/base/4f2a` and at `world/app/11aa`, the same in each run.
    ///
    /// The second commit has one file more, one less, and one changed.
    ///
    /// - Parameter pattern: A directory that began as a copy of ``artifacts``.
    public static func withArtifacts(_ pattern: DirectoryPattern = artifacts) throws -> Stage {
        let directory = try TemporaryDirectory()
        try pattern.copy(to: directory.path)
        let refs = ["hello/base/4f2a", "world/app/11aa"]
        let commits = try refs.map { try text(ofFile: directory.path("mine/refs/heads/\($0)")).dropLast() }
        return try Stage(directory, ref: refs[0], commits: commits.map(String.init))
    }

    /// The contents of the stages that ``withArtifacts(_:)`` makes.
    public static let artifacts = DirectoryPattern { directory in
        try directory.makeDirectory("home/.config")
        let (mine, tree) = (directory.path("mine"), directory.path("tree"))
        try OSTreeCommand.initRepo(mine, mode: .bareUser)
        try OSTreeCommand.initRepo(directory.path("cache"), mode: .archive, hasSummary: true)
        let options = ownedByRoot + [timestamp, "--fsync=false", "--subject=an artifact"]
        try directory.file("tree/bin/tool", "a tool\n")
        try directory.file("tree/old", "old\n")
        for path in [tree, "\(tree)/bin"] { chmod(path, 0o755) }
        for path in ["\(tree)/bin/tool", "\(tree)/old"] { chmod(path, 0o644) }
        try OSTreeCommand.commit(
            mine, tree: tree, refs: ["hello/base/4f2a", "hello/base/97c1"], options: options)
        try FileManager.default.removeItem(atPath: "\(tree)/old")
        try directory.file("tree/bin/tool", "another tool\n")
        try directory.file("tree/new", "new\n")
        for path in ["\(tree)/bin/tool", "\(tree)/new"] { chmod(path, 0o644) }
        try OSTreeCommand.commit(mine, tree: tree, refs: ["world/app/11aa"], options: options)
    }
}

// A cache that has a commit, for pulls.
extension Stage {
    /// The time of every commit that is the same in each run.
    fileprivate static let timestamp = "--timestamp=2020-02-03 04:05:06 +0000"

    /// The ref of the commit that pulls are about.
    private static let pulledRef = "project/element/key"

    /// Makes an empty repository, and a cache without a summary that has one commit of what `build` puts into a directory.
    ///
    /// - Parameters:
    ///   - mode: The mode of ``mine``.
    ///   - options: Options of `ostree commit`.
    ///   - build: Makes the directory and its contents.
    public init(
        _ mode: OSTreeCommand.Mode = .bareUser, committing options: [String] = [],
        _ build: (_ tree: String) throws -> Void
    ) throws {
        let directory = try TemporaryDirectory()
        let options = options + [Stage.timestamp, "--fsync=false"]
        try build(directory.path("tree"))
        try OSTreeCommand.initRepo(directory.path("cache"), mode: .archive)
        let commit = try OSTreeCommand.commit(
            directory.path("cache"), tree: directory.path("tree"), refs: [Stage.pulledRef], options: options)
        try self.init(directory, ref: Stage.pulledRef, commits: [commit], options: options)
        try OSTreeCommand.initRepo(mine, mode: mode)
    }

    /// A cache with a bit of everything in it.
    public static func awkward(_ mode: OSTreeCommand.Mode = .bareUser) throws -> Stage {
        try Stage(mode) { _ = try SampleTree(at: $0) }
    }

    /// A cache with many small files.
    public static func large(_ count: Int) throws -> Stage {
        try Stage(committing: ownedByRoot) { try SampleTree.manySmallFiles(count, at: $0) }
    }

    /// A cache with a few files and directories that repositories of every mode can keep: ``makePlainTree(_:)``.
    public static func plain(_ mode: OSTreeCommand.Mode = .bareUser) throws -> Stage {
        let directory = try TemporaryDirectory()
        try plainCache.copy(to: directory.path)
        let commit = try text(ofFile: directory.path("cache/refs/heads/\(pulledRef)")).dropLast()
        let stage = try Stage(
            directory, ref: pulledRef, commits: [String(commit)],
            options: ownedByRoot + [timestamp, "--fsync=false"])
        try OSTreeCommand.initRepo(stage.mine, mode: mode)
        return stage
    }

    fileprivate static let ownedByRoot = ["--owner-uid=0", "--owner-gid=0"]

    private static let plainCache = DirectoryPattern { directory in
        let stage = try Stage(committing: ownedByRoot, makePlainTree)
        try TestSupport.run(["cp", "-a", stage.cache, stage.tree, directory.path]).checked()
    }

    /// Makes two directories, four files of which one is empty, and a link.
    public static func makePlainTree(_ tree: String) throws {
        try FileManager.default.createDirectory(
            atPath: "\(tree)/directory/inner", withIntermediateDirectories: true)
        for (name, text) in [
            ("directory/a", "contents of a\n"), ("directory/inner/b", "contents of b\n"),
            ("c", "contents of c\n"),
            ("empty", ""),
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(tree)/\(name)"))
        }
        try FileManager.default.createSymbolicLink(atPath: "\(tree)/link", withDestinationPath: "directory/a")
    }

    /// Another user's stage, with an empty repository and the same cache.
    public func another(_ mode: OSTreeCommand.Mode = .bareUser) throws -> Stage {
        var other = self
        other.directory = try TemporaryDirectory()
        try other.directory.makeDirectory("home/.config")
        try OSTreeCommand.initRepo(other.mine, mode: mode)
        return other
    }

    /// Commits ``tree`` to the cache as it is now, with one more file `more`.
    @discardableResult
    public func commitMore(_ text: String, ref: String? = nil, parent: String = "none") throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(tree)/more"))
        return try OSTreeCommand.commit(
            cache, tree: tree, refs: [ref ?? self.ref], parent: parent, options: commitOptions)
    }

    /// Replaces the detached metadata of the first commit, whose tree must not have changed since.
    public func setDetachedMetadata(_ key: String, _ value: String) throws {
        let made = try OSTreeCommand.commit(
            cache, tree: tree, refs: [ref], parent: "none",
            options: commitOptions + ["--add-detached-metadata-string=\(key)=\(value)"])
        guard made == first else { throw TestSupportError("\(made) was made in place of \(first)") }
    }

    /// The paths of the cache's objects of a type, as a web server has them.
    public func paths(_ type: String) throws -> [String] {
        try OSTreeCommand.listObjects(cache).filter { $0.hasSuffix(".\(type)") }.map(ObjectPath.path)
    }
}
