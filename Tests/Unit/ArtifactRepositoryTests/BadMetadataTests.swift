// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Testing
import Variants

/// A metadata object.
@Suite struct BadMetadataTests {
    private static let sum = [UInt8](repeating: 0xab, count: 32)
    private static let short = [UInt8](repeating: 0xab, count: 31)
    private static let long = [UInt8](repeating: 0xab, count: 33)

    private static func files(_ names: String...) -> SampleObject {
        .dirtree(files: names.map { ($0, sum) })
    }

    private static func directories(_ names: String...) -> SampleObject {
        .dirtree(directories: names.map { ($0, sum, sum) })
    }

    private static let names: [BadObject] =
        ["", ".", "..", "/", "a/b", "/a", "a/", "../a", String(repeating: "n", count: 256)].flatMap { name in
            [
                BadObject("with the file '\(name.prefix(9))'", files(name)),
                BadObject("with the directory '\(name.prefix(9))'", directories(name)),
            ]
        }

    private static let order: [BadObject] = [
        BadObject("with unsorted files", files("b", "a")),
        BadObject("with unsorted directories", directories("a", "c", "b")),
        BadObject("with files sorted by letter, not by byte", files("a", "B")),
        BadObject("with a file twice", files("a", "a")),
        BadObject("with a directory twice", directories("a", "b", "b")),
        BadObject(
            "with a file and a directory of one name",
            .dirtree(files: [("a", sum), ("b", sum)], directories: [("b", sum, sum)])),
    ]

    private static let checksums: [BadObject] = [[], short, long].flatMap { wrong in
        [
            BadObject("with a file's checksum of \(wrong.count) bytes", .dirtree(files: [("a", wrong)])),
            BadObject(
                "with a dirtree's checksum of \(wrong.count) bytes",
                .dirtree(directories: [("a", wrong, sum)])),
            BadObject(
                "with a dirmeta's checksum of \(wrong.count) bytes",
                .dirtree(directories: [("a", sum, wrong)])),
            BadObject("with a root of \(wrong.count) bytes", .commit(tree: wrong, metadata: sum)),
            BadObject("with a root's dirmeta of \(wrong.count) bytes", .commit(tree: sum, metadata: wrong)),
            BadObject(
                "with a parent of \(wrong.count) bytes",
                // A commit without a parent has an empty one.
                .commit(tree: sum, metadata: sum, parent: wrong.isEmpty ? [0] : wrong)),
        ]
    }

    private static let dirmetas: [BadObject] =
        [0o100644, 0o120777, 0o020644, 0o755, 0, 0o1040755, 0o200040755].map { mode in
            BadObject("with mode \(String(mode, radix: 8))", .dirmeta(mode: mode))
        } + [
            // The number in the machine's order.
            BadObject("with its mode in the other order", .dirmeta(mode: UInt32(0o40755).byteSwapped))
        ]

    /// Damages a good object and names it after the damage.
    private static func damaged(_ object: SampleObject, _ change: (inout [UInt8]) -> Void) -> SampleObject {
        var bytes = object.bytes
        change(&bytes)
        return SampleObject(object.name.type, bytes: bytes)
    }

    private static let good = SampleCommit()
    private static let samples = [good.commit, good.root, good.rootMetadata]

    private static let forms: [BadObject] =
        samples.flatMap { object in
            let type = object.name.type
            return [
                BadObject("\(type) of no bytes", SampleObject(type, bytes: [])),
                BadObject("\(type) cut short", damaged(object) { $0.removeLast() }),
                BadObject("\(type) with a byte too many", damaged(object) { $0.append(0xff) }),
                BadObject(
                    "\(type) of nonsense", SampleObject(type, bytes: [UInt8](repeating: 0xff, count: 100))),
                BadObject(
                    "\(type) under a wrong checksum",
                    SampleObject(ObjectName(good.file.checksum, type), object.bytes)),
                BadObject(
                    "\(type) that was changed",
                    SampleObject(object.name, damaged(object) { $0[0] ^= 1 }.bytes)),
                BadObject(
                    "\(type) that is something else",
                    SampleObject(type, bytes: Variant.tuple([.string("s"), .string("t")]).serialized())),
            ]
        } + [
            // Its files would end where there is nothing.
            BadObject("dirtree that is not in normal form", SampleObject(.dirtree, bytes: [0, 9])),
            BadObject(
                "commitmeta that is not in normal form",
                SampleObject(ObjectName(good.checksum, .commitmeta), [0xff, 0xff, 0xff])),
        ]

    @Test(arguments: [RepositoryMode.archive, .bareUser])
    func `A metadata object of the samples is taken when nothing is wrong with it`(mode: RepositoryMode)
        throws
    {
        let scratch = try TemporaryDirectory()
        let quarantine = try scratch.repository(mode).makeQuarantine(.transient)
        let others = [
            Self.files(), Self.files("-", "A", "a", "a b", "b\n", String(repeating: "n", count: 255), "é"),
            Self.directories("...", "x.y"), .dirmeta(mode: 0o41777), .detached(Self.good.commit, "note"),
            SampleObject(ObjectName(Self.good.file.checksum, .commitmeta), []),
        ]
        for object in Self.samples + others {
            #expect(try quarantine.take(object, pieces: 1))
            #expect(try quarantine.metadata(object.name) == object.bytes)
        }
    }

    @Test
    func `A metadata object that is a dirtree with a name that is no file's is refused`() throws {
        try BadObject.expectRefusal(of: Self.names, by: .archive)
    }

    @Test
    func `A metadata object that is a dirtree out of order is refused`() throws {
        try BadObject.expectRefusal(of: Self.order, by: .archive)
    }

    @Test
    func `A metadata object that names no proper checksum is refused`() throws {
        try BadObject.expectRefusal(of: Self.checksums, by: .archive)
    }

    @Test
    func `A metadata object that is a dirmeta of anything but a directory is refused`() throws {
        try BadObject.expectRefusal(of: Self.dirmetas, by: .archive)
    }

    @Test
    func `A metadata object that is not of its type's form is refused`() throws {
        try BadObject.expectRefusal(of: Self.forms, by: .archive)
    }

    @Test(arguments: [ObjectType.commit, .dirtree, .dirmeta, .commitmeta])
    func `A metadata object of more than 10 MiB is refused before it is there`(type: ObjectType) throws {
        let limit = 10 * 1024 * 1024
        let name = ObjectName(Self.good.checksum, type)
        let scratch = try TemporaryDirectory()
        let quarantine = try scratch.repository(.archive).makeQuarantine(.transient)
        let stated = #expect(throws: RepositoryError.self) {
            try quarantine.receive(name, size: UInt64(limit) + 1)
        }
        #expect(stated?.code == .badObject)
        #expect(throws: Never.self) { try quarantine.receive(name, size: UInt64(limit)) }
        for size in [nil, 5] as [UInt64?] {
            let incoming = try #require(try quarantine.receive(name, size: size))
            let megabyte = [UInt8](repeating: 0, count: 1024 * 1024)
            for _ in 0..<10 { try megabyte.withUnsafeBytes { try incoming.write($0) } }
            let error = #expect(throws: RepositoryError.self) {
                try megabyte[..<1].withUnsafeBytes { try incoming.write($0) }
            }
            #expect(error?.code == .badObject)
        }
    }
}
