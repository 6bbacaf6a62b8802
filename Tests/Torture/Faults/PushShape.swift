// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import TestSupport

/// A push as a receiver sees it: the cache before, the input, and the required state afterwards.
struct PushShape {
    let name: String
    /// The cache before; it is copied for each run.
    let cache: String
    /// A push that every run makes first, undisturbed, so that the cache knows its complete trees.
    let prelude: [UInt8]
    /// Everything that the client says.
    let stream: [UInt8]
    let version: ProtocolVersion
    /// The refs, where they were, and where they go.
    let moves: [(ref: RefName, old: Checksum?, new: Checksum)]
    /// The detached metadata that a commit has before and must have afterwards, for a push that changes nothing else.
    var metadata: (commit: Checksum, old: [UInt8], new: [UInt8])?

    /// All shapes, made below a directory.
    static func all(in directory: TemporaryDirectory) throws -> [PushShape] {
        try [
            one(directory, "a new ref, empty cache", warm: false, refs: ["p/e/1"]),
            one(directory, "a new ref beside others", warm: true, refs: ["p/e/1"]),
            one(directory, "two new refs of one artifact", warm: true, refs: ["p/e/1", "p/e/2"]),
            one(directory, "a ref that moves on", warm: true, refs: ["moving/main"], parents: true),
            one(
                directory, "three refs, old and new", warm: true,
                refs: ["moving/main", "moving/next", "p/f/deep/er"], parents: true),
            one(
                directory, "more refs than are synced one by one", warm: true,
                refs: (10..<27).map { "p/e/\($0)" }),
            one(directory, "version 0, two refs", warm: true, refs: ["p/e/1", "p/e/2"], version: .zero),
            signatures(directory),
        ]
    }

    /// Detached metadata for a commit that the cache has some for already.
    private static func signatures(_ directory: TemporaryDirectory) throws -> PushShape {
        let place = try TemporaryDirectoryName.next(in: directory)
        let (source, cache) = ("\(place)/source", "\(place)/cache")
        try OSTreeCommand.initRepo(source, mode: .archive)
        try OSTreeCommand.initRepo(cache, mode: .archive)
        let tree = try SmallTree(at: "\(place)/tree")
        let commit = try OSTreeCommand.commit(source, tree: tree.path, refs: ["p/e/1"])
        try run(["ostree", "--repo=\(cache)", "pull-local", source, "p/e/1"]).checked()
        let (key, all) = ("ostree.sign.dummy", ["server", "client"].map { Array($0.utf8) })
        func sign(_ repository: String, _ signatures: [[UInt8]]) throws -> [UInt8] {
            try DetachedMetadata.set(repository, commit, [(key, .signatures(signatures))])
            return try DetachedMetadata.object(repository, commit, "commitmeta")
        }
        let new = try sign(cache, all)
        let old = try sign(cache, [all[0]])
        _ = try sign(source, [all[1]])
        let checksum = try checksum(commit)
        let stream = try ClientStream.push(
            [("p/e/1", checksum, checksum)], ClientStream.objects(of: source), of: source, version: .one)
        return PushShape(
            name: "signatures that come later", cache: cache, prelude: [], stream: stream, version: .one,
            moves: [], metadata: (checksum, old, new))
    }

    private static func one(
        _ directory: TemporaryDirectory, _ name: String, warm: Bool, refs: [String], parents: Bool = false,
        version: ProtocolVersion = .one
    ) throws -> PushShape {
        let place = try TemporaryDirectoryName.next(in: directory)
        let (source, cache) = ("\(place)/source", "\(place)/cache")
        try OSTreeCommand.initRepo(source, mode: .archive)
        try OSTreeCommand.initRepo(cache, mode: .archive)
        let tree = try SmallTree(at: "\(place)/tree")
        var old: [String: Checksum] = [:]
        if parents {
            // Where the refs that move are before.
            for ref in refs where ref.hasPrefix("moving/") {
                old[ref] = try checksum(OSTreeCommand.commit(source, tree: tree.path, refs: [ref]))
                try run(["ostree", "--repo=\(cache)", "pull-local", source, ref]).checked()
            }
        }
        let before = try checksum(OSTreeCommand.commit(source, tree: tree.path, refs: ["before"]))
        let known = try ClientStream.objects(of: source)
        let prelude = try ClientStream.push([("before", nil, before)], known, of: source, version: .one)
        try tree.change()
        var moves: [(ref: RefName, old: Checksum?, new: Checksum)] = []
        var new: Checksum?
        for ref in refs {
            // Refs without a past share one commit, as the strong and the weak key of an artifact do.
            let commit: Checksum
            if old[ref] == nil, let shared = new {
                commit = shared
            } else {
                commit = try checksum(OSTreeCommand.commit(source, tree: tree.path, refs: [ref]))
                if old[ref] == nil { new = commit }
            }
            if let name = RefName(ref) { moves.append((name, old[ref], commit)) }
        }
        var objects = try ClientStream.objects(of: source)
        if warm { objects.removeAll { known.contains($0) && $0.type == .file } }
        let stream = try ClientStream.push(
            moves.map { ($0.ref.text, $0.old, $0.new) }, objects, of: source, version: version)
        return PushShape(
            name: name, cache: cache, prelude: warm ? prelude : [], stream: stream, version: version,
            moves: moves)
    }

    private static func checksum(_ text: String) throws -> Checksum {
        guard let checksum = Checksum(hex: text) else { throw TestSupportError("\(text) is no checksum") }
        return checksum
    }
}

/// Names that are not taken.
private enum TemporaryDirectoryName {
    static func next(in directory: TemporaryDirectory) throws -> String {
        try directory.makeDirectory(UUID().uuidString)
    }
}

/// A few files, directories and a link, which can change a little.
private struct SmallTree {
    let path: String

    init(at path: String) throws {
        self.path = path
        let files = FileManager.default
        try files.createDirectory(atPath: "\(path)/include/deep", withIntermediateDirectories: true)
        for index in 0..<4 {
            try Data("file \(index)\n".utf8).write(to: URL(fileURLWithPath: "\(path)/include/\(index).h"))
        }
        try Data(repeating: 7, count: 300_000).write(to: URL(fileURLWithPath: "\(path)/include/deep/large"))
        try files.createSymbolicLink(atPath: "\(path)/link", withDestinationPath: "include")
    }

    func change() throws {
        try FileManager.default.createDirectory(atPath: "\(path)/more", withIntermediateDirectories: true)
        for name in ["include/0.h", "more/x", "more/y"] {
            try Data("changed \(name)\n".utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        }
    }
}
