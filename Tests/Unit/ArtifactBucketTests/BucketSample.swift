// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import S3
import TestSupport
import Testing

@testable import ArtifactBucket

/// A repository with commits to be pushed into a bucket, and what is needed to do so.
struct BucketSample: Sendable {
    let directory: TemporaryDirectory
    /// A repository of mode archive, from which objects come as they travel.
    let source: Repository
    private let spool: Repository

    init() throws {
        directory = try TemporaryDirectory()
        try OSTreeCommand.initRepo(directory.path("source"), mode: .archive)
        try OSTreeCommand.initRepo(directory.path("spool"), mode: .archive)
        source = try Repository(directory.path("source"))
        spool = try Repository(directory.path("spool"))
    }

    func store(
        _ client: S3Client, putsEarly: Bool = false, sizeLimit: BucketSizeLimit? = nil
    ) -> BucketStore {
        BucketStore(client, spool: spool, author: "a test", putsEarly: putsEarly, sizeLimit: sizeLimit)
    }

    /// Makes a commit of a directory with some files.
    @discardableResult
    func commit(_ ref: String, _ files: [String: String], parent: String = "none") throws -> Checksum {
        let tree = "tree-\(UInt32.random(in: 0 ... .max))"
        for (name, content) in files { try directory.file("\(tree)/\(name)", content) }
        let commit = try OSTreeCommand.commit(
            source.path, tree: directory.path(tree), refs: [ref], parent: parent, options: ["--fsync=false"])
        return try #require(Checksum(hex: commit))
    }

    /// Brings the objects that a store asks for, and publishes.
    ///
    /// - Returns: the objects that were brought, and the results.
    @discardableResult
    func push(
        _ edits: [RefEdit], to store: any ArtifactStore, without lost: Set<ObjectType> = []
    ) throws -> (objects: [ObjectName], results: [RefEditResult]) {
        try store.recover()
        try store.check(edits, moves: .artifacts)
        let quarantine = try store.makeQuarantine(.transient)
        defer { quarantine.discard() }
        let objects = try bring(edits, to: quarantine, without: lost)
        return (objects, try quarantine.publish(edits, moves: .artifacts, merging: .keepsStored))
    }

    /// Brings the objects that are missing.
    func bring(
        _ edits: [RefEdit], to quarantine: any Quarantine, without lost: Set<ObjectType> = [],
        trustsMarks: Bool = true
    ) throws -> [ObjectName] {
        let missing = MissingObjects(in: quarantine, ancestors: .untilStored, trustsMarks: trustsMarks)
        for commit in edits.compactMap(\.new) { try missing.add(commit) }
        var brought: [ObjectName] = []
        while let name = try missing.next() {
            let path = "\(source.path)/objects/\(name.fileName.prefix(2))/\(name.fileName.dropFirst(2))"
            guard let bytes = FileManager.default.contents(atPath: path).map(Array.init) else {
                #expect(missing.markUnavailable(name))
                continue
            }
            brought.append(name)
            if !lost.contains(name.type),
                let object = try quarantine.receive(name, size: UInt64(bytes.count))
            {
                try bytes.withUnsafeBytes(object.write)
                try object.finish()
            }
            if name.type != .file { try missing.arrived(name) }
        }
        try quarantine.settle()
        return brought
    }

    /// Downloads a cache as a repository, which `ostree fsck` finds to be whole.
    @discardableResult
    func download(_ client: S3Client) throws -> String {
        let place = directory.path("download-\(UInt32.random(in: 0 ... .max))")
        for name in ["tmp", "state", "refs/heads", "refs/remotes", "objects"] {
            try FileManager.default.createDirectory(
                atPath: "\(place)/\(name)", withIntermediateDirectories: true)
        }
        var keys: [String] = []
        try client.forEachPage(prefix: client.location.prefix) { page in
            keys += page.entries.map(\.key)
            return true
        }
        for key in keys where !key.contains("/bst-artifact/") && !key.contains("/.probe/") {
            let bytes = try #require(try client.run(.get(key, limit: 1 << 24)).found?.bytes)
            // A ref that is gone.
            if bytes.starts(with: Array(Checksum.noCommit.utf8)) { continue }
            let file = URL(filePath: "\(place)/\(key.dropFirst(client.location.prefix.count))")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
        }
        try OSTreeCommand.fsck(place)
        return place
    }
}

/// Returns the name of a ref.
func ref(_ text: String) throws -> RefName { try #require(RefName(text)) }
