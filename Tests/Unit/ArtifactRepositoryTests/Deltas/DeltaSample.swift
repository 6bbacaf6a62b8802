// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Foundation
import SystemCalls
import TestSupport

@testable import ArtifactRepository

/// A repository with two commits between which `ostree` makes static deltas.
final class DeltaSample {
    let directory: TemporaryDirectory
    let source: Repository
    let first: Checksum
    let second: Checksum

    static let ref = RefName.named("sample")

    /// Makes the commits.
    ///
    /// - Parameter isPlain: True for files without owners and attributes, which repositories of every mode can keep.
    init(isPlain: Bool = false) throws {
        directory = try TemporaryDirectory()
        source = try directory.repository(.archive, "source")
        let tree = directory.path("tree")
        if isPlain {
            try FileManager.default.createDirectory(atPath: tree, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: "\(tree)/link", withDestinationPath: "large text")
        } else {
            _ = try SampleTree(at: tree)
        }
        let noise = SampleTree.noise(count: 1_500_000, seed: 3)
        try directory.file("tree/large text", DeltaSample.text(8_000))
        try directory.file("tree/moved noise", noise)
        try directory.file("tree/goes", "goes away\n")
        first = try DeltaSample.commit(source, tree)
        // A change within, for bsdiff; an insertion, for copied blocks.
        try directory.file(
            "tree/large text", DeltaSample.text(8_000).replacingOccurrences(of: "777", with: "seven"))
        try directory.file(
            "tree/moved noise", noise[..<700_000] + Array("inserted\n".utf8) + noise[700_000...])
        try directory.file("tree/new/empty", "")
        try directory.file("tree/new/small", "small\n")
        try directory.file("tree/new/noise", SampleTree.noise(count: 1_200_000, seed: 4))
        try FileManager.default.removeItem(atPath: "\(tree)/goes")
        second = try DeltaSample.commit(source, tree)
    }

    private static func text(_ lines: Int) -> String {
        (0..<lines).map { "line \($0) of a text that changes\n" }.joined()
    }

    private static func commit(_ repository: Repository, _ tree: String) throws -> Checksum {
        let commit = try OSTreeCommand.commit(
            repository.path, tree: tree, refs: [ref.text], options: ["--fsync=false"])
        guard let checksum = Checksum(hex: commit) else { throw TestSupportError("no commit: \(commit)") }
        return checksum
    }

    /// Has ostree make a delta to the second commit.
    func generate(fromScratch: Bool, _ options: [String]) throws -> DeltaName {
        let from = fromScratch ? ["--empty"] : ["--from=\(first)"]
        try OSTreeCommand.lines(
            source.path, ["static-delta", "generate", "--to=\(second)"] + from + options)
        return DeltaName(from: fromScratch ? nil : first, to: second)
    }

    /// Makes a repository that has the first commit.
    func target(_ mode: RepositoryMode, isEmpty: Bool) throws -> Repository {
        let target = try directory.repository(mode, "target")
        if !isEmpty { try target.ostree("pull-local", source.path, first.hex) }
        return target
    }

    /// Opens a delta of the source.
    func open(_ name: DeltaName) throws -> StaticDelta {
        try StaticDelta(
            mapping: source.root.openFile(name.superblockPath), as: name, digest: nil,
            makeFile: source.temporaryFile)
    }

    /// Applies a delta of the source to a repository, takes what it leaves out from the source, and publishes.
    ///
    /// - Returns: the objects that the delta made.
    func apply(_ delta: StaticDelta, to target: Repository) throws -> Set<ObjectName> {
        let quarantine = try target.makeQuarantine(.resumable(.pull, for: [(DeltaSample.ref, second)]))
        defer { quarantine.discard() }
        var made: Set<ObjectName> = []
        let application = DeltaApplication(delta, to: target)
        for part in try application.plan(in: quarantine, wantsAll: true) {
            let file =
                part.isInline ? nil : try FileMapping(source.root.openFile(delta.name.partPath(part.index)))
            if let file { try application.check(part, file) }
            try application.apply(part, file) { name in
                guard try !quarantine.contains(name) else { return nil }
                made.insert(name)
                return try quarantine.receive(name, size: nil)
            }
        }
        try quarantine.settle()
        try complete(quarantine)
        _ = try quarantine.publish(
            [RefEdit(DeltaSample.ref, from: .any, to: second)], moves: .any, merging: .keepsStored)
        return made
    }

    /// Takes everything that is missing from the source.
    private func complete(_ quarantine: any Quarantine) throws {
        let encoder = ObjectEncoder(source, compression: .fast)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { buffer.deallocate() }
        var walk = ObjectWalk(source)
        try walk.visit(second) { name in
            guard try !quarantine.contains(name), let incoming = try quarantine.receive(name, size: nil)
            else {
                return
            }
            try encoder.encode(name).forEachPiece(buffer: buffer, incoming.write)
            try incoming.finish()
        }
        try quarantine.settle()
    }
}
