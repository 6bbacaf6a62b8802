// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Foundation
import SystemCalls
import TestSupport
import Testing
import Variants

@testable import ArtifactRepository

@Suite struct StaticDeltaTests {
    /// The options of `ostree static-delta generate`.
    static let variants: [[String]] = [
        [], ["--inline"], ["--disable-bsdiff"], ["--min-fallback-size=1"], ["--min-fallback-size=0"],
        ["--max-bsdiff-size=1"], ["--max-chunk-size=1"], ["--max-chunk-size=1", "--inline"],
        ["--set-endianness=B"], ["--set-endianness=l"], ["--swap-endianness"],
    ]

    private func expectApplies(_ sample: DeltaSample, _ delta: StaticDelta, to target: Repository) throws {
        let made = try sample.apply(delta, to: target)
        #expect(!made.isEmpty)
        try OSTreeCommand.fsck(target.path)
        let listings = try [sample.source, target].map {
            try OSTreeCommand.lines($0.path, ["ls", "-RCX", sample.second.hex])
        }
        #expect(listings[0] == listings[1])
    }

    @Test(arguments: variants)
    func `A delta of ostree makes the commit that it leads to`(options: [String]) throws {
        try expectMakes(options, fromScratch: false)
    }

    @Test(arguments: [
        [], ["--inline"], ["--min-fallback-size=1"], ["--max-chunk-size=1"], ["--swap-endianness"],
    ])
    func `A delta of ostree makes a commit from nothing`(options: [String]) throws {
        try expectMakes(options, fromScratch: true)
    }

    private func expectMakes(_ options: [String], fromScratch: Bool) throws {
        let sample = try DeltaSample()
        let name = try sample.generate(fromScratch: fromScratch, options)
        for mode in [RepositoryMode.bareUser, .archive] {
            let target = try sample.target(mode, isEmpty: fromScratch)
            try expectApplies(sample, sample.open(name), to: target)
            try FileManager.default.removeItem(atPath: target.path)
        }
    }

    @Test(arguments: [false, true])
    func `A repository without owners takes one of files without`(fromScratch: Bool) throws {
        let sample = try DeltaSample(isPlain: true)
        let name = try sample.generate(fromScratch: fromScratch, [])
        let target = try sample.target(.bareUserOnly, isEmpty: fromScratch)
        try expectApplies(sample, sample.open(name), to: target)
    }

    @Test func `A signed superblock is read like any other`() throws {
        let sample = try DeltaSample()
        let name = try sample.generate(fromScratch: true, ["--inline"])
        let path = sample.directory.path("source", name.superblockPath)
        let superblock = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        let magic = Array("OSTSGNDT".utf8).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        let signed = Variant.tuple([
            .uint64(magic), .bytes(superblock), .dictionary([("ostree.sign.dummy", Variant.bytes([1]))]),
        ])
        try Data(signed.serialized()).write(to: URL(fileURLWithPath: path))
        try expectApplies(sample, sample.open(name), to: sample.target(.bareUser, isEmpty: true))
    }

    @Test func `The deltas that are applied here have every operation`() throws {
        let sample = try DeltaSample()
        let delta = try sample.open(sample.generate(fromScratch: false, []))
        var met: Set<DeltaOperations.Operation> = []
        for index in 0..<delta.partCount {
            let part = try delta.part(index)
            let mapping = try FileMapping(sample.source.root.openFile(delta.name.partPath(index)))
            let payload = try DeltaPayload(
                unpacking: mapping.bytes, into: sample.source.temporaryFile(), limit: 1 << 30)
            try payload.withContent { _, bytes in
                var (operations, objects) = (DeltaOperations(bytes), part.objects[...])
                while let operation = try operations.next() {
                    met.insert(operation)
                    var count = 0
                    switch operation {
                    case .makeObject: count = objects.removeFirst().type == .file ? 4 : 2
                    case .open: (count, objects) = (3, objects.dropFirst())
                    case .write, .patch: count = 2
                    case .setSource: count = 1
                    case .unsetSource, .close: break
                    }
                    for _ in 0..<count { _ = try operations.number() }
                }
            }
        }
        #expect(met == [.makeObject, .open, .write, .setSource, .unsetSource, .close, .patch])
    }

    @Test func `Several parts are made where parts are small, and large files are left out on demand`() throws
    {
        let sample = try DeltaSample()
        let small = try sample.open(sample.generate(fromScratch: true, ["--max-chunk-size=1"]))
        #expect(small.partCount > 1)
        let whole = try sample.source.objectNames().count { $0.hasSuffix(".filez") }
        let fallback = try sample.open(sample.generate(fromScratch: true, ["--min-fallback-size=1"]))
        let files = try (0..<fallback.partCount).reduce(0) { sum, index in
            try sum + fallback.part(index).objects.count { $0.type == .file }
        }
        #expect(files < whole)
    }

    @Test func `Parts are planned where objects are missing`() throws {
        let sample = try DeltaSample()
        let delta = try sample.open(sample.generate(fromScratch: true, ["--max-chunk-size=1"]))
        func planned(_ target: Repository) throws -> Int {
            let quarantine = try target.makeQuarantine(.transient)
            defer { quarantine.discard() }
            return try DeltaApplication(delta, to: target).plan(in: quarantine, wantsAll: false).count
        }
        #expect(try planned(sample.target(.bareUser, isEmpty: true)) == delta.partCount)
        #expect(try planned(sample.source) == 0)
    }

    @Test func `The names of deltas and indexes are those of ostree`() throws {
        let sample = try DeltaSample(isPlain: true)
        for fromScratch in [false, true] {
            let name = try sample.generate(fromScratch: fromScratch, [])
            #expect(try sample.source.root.contains(name.superblockPath))
            #expect(DeltaName("\(name)") == name)
        }
        try sample.source.ostree("summary", "--update")
        let index = try sample.source.root.openFile(DeltaName.indexPath(of: sample.second)).readAll(
            limit: 10_000)
        let superblocks = try #require(DeltaIndex(index, of: sample.second)).superblocks
        #expect(
            Set(superblocks.keys) == [
                DeltaName(from: sample.first, to: sample.second), DeltaName(from: nil, to: sample.second),
            ])
        for (name, digest) in superblocks {
            _ = try StaticDelta(
                mapping: sample.source.root.openFile(name.superblockPath), as: name, digest: digest,
                makeFile: sample.source.temporaryFile)
            #expect(throws: DeltaError.self) {
                try StaticDelta(
                    mapping: sample.source.root.openFile(name.superblockPath), as: name, digest: sample.first,
                    makeFile: sample.source.temporaryFile)
            }
        }
        for wrong in [
            "", "-", "\(sample.first)-", "-\(sample.first)", "abc", "\(sample.first)-\(sample.first)-x",
        ] {
            #expect(DeltaName(wrong) == nil, "\(wrong)")
        }
    }
}
