// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TestSupport
import Variants
import WireSamples

extension Attack {
    /// Zeros, compressed: the beginning of a raw deflate stream, and 13 bytes that stand for 2064 zeros.
    private static let zeros: (start: [UInt8], period: [UInt8]) = {
        var bits: [UInt8] = [0, 1, 0]  // not the last block, fixed codes
        bits += [0, 0, 1, 1, 0, 0, 0, 0]  // the literal 0
        // The length 258 (code 285), from the distance 1 (code 0).
        for _ in 0..<24 { bits += [1, 1, 0, 0, 0, 1, 0, 1] + [0, 0, 0, 0, 0] }
        let bytes = stride(from: 0, to: bits.count - 7, by: 8).map { start in
            (0..<8).reduce(UInt8(0)) { $0 | bits[start + $1] << UInt8($1) }
        }
        return (Array(bytes[..<2]), Array(bytes[2..<15]))
    }()

    /// So many pieces of 2064 zeros in one array.
    private static func manyZeros(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count * 13)
        for _ in 0..<count { result += zeros.period }
        return result
    }

    /// A file that claims a size, with this as its compressed content.
    private static func file(claiming size: UInt64, _ body: [UInt8]) -> Member {
        var file = ArchivedFile(content: [])
        file.statedSize = size
        return ("\(Pushed.stranger).filez", file.prefix + body)
    }

    /// A file of 1 GiB in 6 MB, which claims another size.
    static func manyZeros(claiming size: UInt64) -> [UInt8] {
        file(claiming: size, zeros.start + manyZeros(500_000)).content
    }

    private static let emptyBlock: [UInt8] = [0, 0, 0, 0xff, 0xff]

    static let bombs: [Attack] = table {
        object("6 MB that claim 10 bytes and are 1 GiB", .bombs, refused("longer than its header says")) {
            file(claiming: 10, zeros.start + manyZeros(500_000))
        }
        object("6 MB that claim nothing and are 1 GiB", .bombs, refused("longer than its header says")) {
            file(claiming: 0, zeros.start + manyZeros(500_000))
        }
        object(
            "1 MB that claims 2^63 bytes and is 160 MB", .bombs, refused("ends before its content does"),
            seconds: 60
        ) {
            file(claiming: 1 << 63, zeros.start + manyZeros(80_000))
        }
        object("10 bytes that claim 2^64 - 1", .bombs, refused("ends before its content does")) {
            file(claiming: .max, ArchivedFile.deflated(Array("0123456789".utf8)))
        }
        object(
            "1 MB that is 160 MB, as it claims, of another checksum", .bombs, refused("has the checksum"),
            seconds: 60
        ) {
            // The rest of the match that the last piece begins, the block's end, and an empty block as the last one.
            file(
                claiming: 1 + 258 * (8 * 80_000 + 1),
                zeros.start + manyZeros(80_000) + [0b0000_0101, 0b1000_0000, 1, 0])
        }
        object("a content without an end", .bombs, refused("ends before its content does")) {
            file(claiming: 5, [0, 5, 0, 0xfa, 0xff] + Array("12345".utf8))
        }
        object("a damaged compressed content", .bombs, refused("its compressed content is damaged")) {
            file(claiming: 5, [7, 0xff, 0xff])
        }
        object(
            "a compressed content that points before its start", .bombs,
            refused("its compressed content is damaged")
        ) {
            // A match of the distance 1 where there is nothing yet.
            file(claiming: 300, [0x1b, 0x03, 0x00, 0x00, 0x00])
        }
        object("100,000 empty compressed blocks", .bombs, refused("more than twice its content")) {
            file(claiming: 10, Array(repeatElement(emptyBlock, count: 100_000).joined()))
        }
        for size in [0, 1, 7] as [UInt8] {
            object("a header of \(size) bytes", .bombs, refused("object \(Pushed.stranger)")) {
                ("\(Pushed.stranger).filez", [0, 0, 0, size, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 20))
            }
        }
        for size in [
            [0x00, 0x10, 0x00, 0x01], [0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0], [0xff, 0xff, 0xff, 0xff],
        ] as [[UInt8]] {
            object(
                "a header that claims to be \(size) bytes", .bombs,
                refused("does not begin like an archived file")
            ) {
                ("\(Pushed.stranger).filez", size + [0, 0, 0, 0, 1, 2, 3])
            }
        }
        object("a header of 1 MiB of nothing", .bombs, refused("its header is not well formed")) {
            ("\(Pushed.stranger).filez", [0, 0x10, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 1 << 20))
        }
        object("a header of 1 MiB of attributes", .bombs, refused("object \(Pushed.stranger)")) {
            let pair = Variant.tuple([.bytes([0x61, 0]), .bytes([])])
            let header = Variant.tuple([
                .uint64(0), .uint32(0), .uint32(0), .uint32(UInt32(0o100644).bigEndian), .uint32(0),
                .string(""),
                .array(of: "(ayay)", Array(repeating: pair, count: 120_000)),
            ]).serialized()
            let size = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: header.count >> $0) }
            return ("\(Pushed.stranger).filez", size + [0, 0, 0, 0] + header + [3, 0])
        }
        for type in ["commit", "dirtree", "dirmeta", "commitmeta"] {
            object("a \(type) of 10 MiB of nothing", .bombs, refused("object \(Pushed.stranger).\(type)")) {
                ("\(Pushed.stranger).\(type)", [UInt8](repeating: 0, count: 10_485_760))
            }
        }
    }

    // MARK: Streams without an end

    /// The number of bytes that are sent: a stream that ends is not refused for being endless.
    private static let limit = 64 << 20

    private static func endless(
        _ name: String, _ outcome: Outcome, _ start: @escaping @Sendable () -> [UInt8],
        _ part: @escaping @Sendable () -> [UInt8],
        version: UInt8 = 1, options: [String] = [], limited: Bool = false
    ) -> Attack {
        Attack(name, .endless, outcome, options: ["--protocol", "\(version)"] + options, seconds: 60) {
            let part = part()
            let whole = Array(repeatElement(part, count: max(1, 65_536 / part.count)).joined())
            return .repeating(start(), whole, count: limited ? limit / whole.count : .max)
        }
    }

    static let endless: [Attack] = table {
        [
            endless(
                "zeros in place of messages", refused("does not speak the artifact protocol"), { [] }, { [0] }
            ),
            endless(
                "zeros in place of objects", refused("does not speak the artifact protocol"),
                { Pushed.opening() }, { [0] }),
            endless(
                "zeros behind the objects", refused("does not speak the artifact protocol"),
                { Pushed.opening() + ObjectStream(Pushed.members).tar }, { [0] }),
            endless("text", refused("does not speak the artifact protocol"), { [] }, { Array("yes\n".utf8) }),
            endless("introductions", refused("sent info where update was due"), { [] }, { Frame.info() }),
            endless(
                "updates", refused("sent update where putobjects or done was due"), { Frame.info() },
                { Frame.update(Pushed.updates) }),
            endless(
                "updates, version 0", refused("sent update where putobjects or done was due"), { [] },
                { Frame.update(Pushed.updates, version: 0) }, version: 0),
            endless(
                "pax headers", refused("extended headers"), { Pushed.opening() },
                { extended(Array("13 comment=-\n".utf8), flag: "x") }),
            endless(
                "global pax headers", refused("extended headers"), { Pushed.opening() },
                { extended(Array("13 comment=-\n".utf8), flag: "g") }),
            endless(
                "long names", refused("extended headers"), { Pushed.opening() },
                { extended(Array("x\u{0}".utf8), flag: "L") }),
            endless(
                "pax headers and long names", refused("extended headers"), { Pushed.opening() },
                {
                    extended(Array("x\u{0}".utf8), flag: "L")
                        + extended(Array("13 comment=-\n".utf8), flag: "x")
                }),
            endless(
                "empty compressed blocks", refused("more than twice its content"),
                {
                    Pushed.opening() + TarBlock(Pushed.members[0].name, size: 1 << 32).bytes
                        + file(claiming: 10, []).content
                }, { emptyBlock }),
            endless(
                "empty compressed blocks, version 0", refused("does not fit"),
                {
                    announced(Pushed.members[0].name, .max) + file(claiming: 10, []).content
                }, { emptyBlock }, version: 0),
            endless(
                "compressed zeros", refused("longer than its header says"),
                {
                    Pushed.opening() + TarBlock(Pushed.members[0].name, size: 1 << 32).bytes
                        + file(claiming: 1 << 20, []).content + zeros.start
                }, { zeros.period }),
            endless(
                "a link with content", refused("bytes follow a symbolic link"),
                {
                    Pushed.opening() + TarBlock(Pushed.members[1].name, size: 1 << 32).bytes
                        + ArchivedFile.link(to: "x").prefix
                }, { [0] }),
            endless(
                "metadata, version 0", refused("and metadata at most"),
                { announced("\(Pushed.stranger).commit", 1 << 40) }, { [0] }, version: 0),
            endless(
                "a file beyond what is allowed", refused("this cache takes objects of at most 100000"),
                {
                    Pushed.opening() + TarBlock(Pushed.members[0].name, size: 1 << 32).bytes
                }, { [0] }, options: ["--max-object-size", "100000"]),
            // What is skipped costs the receiver nothing but the connection, so it goes on for as long as the client does.
            endless(
                "a file that is there already", .interruption,
                {
                    Pushed.opening() + TarBlock(AttackedCache.present.file.name.fileName, size: 1 << 32).bytes
                }, { [0] }, limited: true),
            endless(
                "the same object that is there already", .interruption, { Pushed.opening() },
                {
                    let file = AttackedCache.present.file
                    return TarBlock(file.name.fileName, size: file.bytes.count).with(file.bytes)
                }, limited: true),
            endless(
                "signatures of old clients", .interruption, { Pushed.opening() },
                {
                    TarBlock("\(Pushed.stranger).sig", size: 1).with([1])
                }, limited: true),
            Attack("silence", .endless, refused("says nothing for 1 seconds"), options: ["--timeout", "1"]) {
                AttackInput(bytes: Pushed.opening() + ObjectStream(Pushed.members).tar) { silence() }
            },
            Attack(
                "silence, version 0", .endless, refused("says nothing for 1 seconds"),
                options: ["--timeout", "1", "--protocol", "0"]
            ) {
                AttackInput(bytes: []) { silence() }
            },
            Attack(
                "answers that are not read, version 0", .endless, refused("does not read"),
                options: ["--timeout", "1", "--protocol", "0"], isRead: false
            ) {
                let file = AttackedCache.present.file
                return .repeating(
                    Frame.update(Pushed.updates, version: 0), Frame.object(file.name.fileName, file.bytes))
            },
        ]
    }

    /// Nothing, two seconds later.
    private static func silence() -> [UInt8] {
        _ = eventually(within: 2) { false }
        return [0xff]
    }
}
