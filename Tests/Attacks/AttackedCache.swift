// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import WireSamples

/// A cache with a ref and the objects of its commit, for one attack.
struct AttackedCache {
    /// The commit at the ref `there/already`.
    static let present = PresentCommit()
    /// Its detached metadata.
    static let presentDetached = SampleObject.detached(present.commit, "there already")
    static let presentRef = "there/already"

    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory(inMemory: true)
        path = directory.path("cache")
        try AttackedCache.pattern.copy(to: path)
    }

    private static let pattern = DirectoryPattern(inMemory: true) { cache in
        try OSTreeCommand.initRepo(cache.path, mode: .archive, hasSummary: true)
        try cache.write(present.objects + [presentDetached], presentRef, at: present.checksum)
        try OSTreeCommand.fsck(cache.path)
    }

    func commit(of ref: String) -> String? {
        (try? String(contentsOfFile: "\(path)/refs/heads/\(ref)", encoding: .utf8)).map {
            String($0.dropLast())
        }
    }

    /// Pushes as a good client does, and expects that everything arrives and is sound.
    func pushNormally(_ result: inout AttackResult) throws {
        let ref = "normal/push"
        let good = SampleCommit("normal")
        let bytes = ReceiverRun.push(
            [(ref, Frame.nothing, "\(good.checksum)")], ObjectStream(good.objects.map(\.member)))
        let ended = try ReceiverRun.run(path, bytes)
        result.require(ended.succeeded, "a normal push fails afterwards: \(ended.errorText)")
        result.require(commit(of: ref) == "\(good.checksum)", "a normal push arrives nowhere afterwards")
        do {
            try OSTreeCommand.fsck(path)
        } catch {
            result.problems.append("the cache is damaged: \(error)")
        }
    }
}

extension TemporaryDirectory {
    /// Writes objects and a ref into the archive repository that this directory is, or has under a name.
    func write(
        _ objects: [SampleObject], _ ref: String, at commit: String, into repository: String = "."
    ) throws {
        for object in objects {
            let name = object.name.fileName
            try file("\(repository)/objects/\(name.prefix(2))/\(name.dropFirst(2))", object.bytes)
        }
        try file("\(repository)/refs/heads/\(ref)", "\(commit)\n")
    }
}

extension SampleObject {
    /// The object as a member of an object stream.
    var member: (name: String, content: [UInt8]) { (name.fileName, bytes) }
}

/// The commit that the cache has; none of its objects is in any push.
struct PresentCommit: Sendable {
    let file = ArchivedFile(content: Array("there already".utf8)).object()
    let rootMetadata = SampleObject.dirmeta(mode: 0o40750)
    let root: SampleObject
    let commit: SampleObject

    init() {
        root = SampleObject.dirtree(files: [("file", file.checksum.bytes)])
        commit = SampleObject.commit(tree: root.checksum.bytes, metadata: rootMetadata.checksum.bytes)
    }

    var checksum: String { "\(commit.checksum)" }
    var objects: [SampleObject] { [file, rootMetadata, root, commit] }
}
