// SPDX-License-Identifier: Apache-2.0

import WireSamples

extension Attack {
    /// The kinds of member that are no regular file.
    private static let kinds: [(String, UInt8)] = [
        ("a hard link", 0x31), ("a symbolic link", 0x32), ("a character device", 0x33),
        ("a block device", 0x34),
        ("a directory", 0x35), ("a fifo", 0x36), ("a contiguous file", 0x37), ("a reserved kind", 0x38),
        ("a directory of GNU tar", UInt8(ascii: "D")), ("a long link", UInt8(ascii: "K")),
        ("a continued file", UInt8(ascii: "M")), ("an old long name", UInt8(ascii: "N")),
        ("a sparse file", UInt8(ascii: "S")), ("a volume's name", UInt8(ascii: "V")),
        ("a header of Solaris", UInt8(ascii: "X")), ("an access list", UInt8(ascii: "A")),
        ("an inode", UInt8(ascii: "I")), ("a kind without a meaning", UInt8(ascii: "z")),
        ("a kind that is a space", UInt8(ascii: " ")), ("a kind that is a newline", 10),
        ("a kind that is an order to a terminal", 0x9b), ("kind 255", 255),
    ]

    static let tarKinds: [Attack] = table {
        for (name, flag) in kinds {
            tar(name, .tarKinds, refused("only regular files")) {
                TarBlock("\(Pushed.stranger).filez", flag: flag).bytes
            }
            tar("\(name), by a name that leads up", .tarKinds, refused("only regular files")) {
                TarBlock("../../config", flag: flag).bytes
            }
        }
    }

    /// 2^62 in base 256.
    private static let huge: [UInt8] = [0x80, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0]

    private static func size(_ field: [UInt8], name: String? = nil) -> [UInt8] {
        var block = TarBlock(name ?? "\(Pushed.stranger).commit")
        block.size = field
        return block.bytes
    }

    private static let badSizes: [(String, [UInt8])] = [
        ("-1 in base 256", [UInt8](repeating: 0xff, count: 12)),
        ("-2^63 in base 256", [0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ("2^64 in base 256", [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("2^88 in base 256", [0x80] + [UInt8](repeating: 0xff, count: 11)),
        ("base 256 with other bits", [0xc0] + [UInt8](repeating: 0, count: 11)),
        ("digits that are not octal", Array("00000000089\u{0}".utf8)),
        ("a negative number", Array("-0000000001\u{0}".utf8)),
        ("a number with a sign", Array("+0000000001\u{0}".utf8)),
        ("hexadecimal", Array("0x000000001\u{0}".utf8)),
        ("spaces", [UInt8](repeating: 32, count: 12)),
        ("NULs", [UInt8](repeating: 0, count: 12)),
        ("two numbers", Array("0000 000001\u{0}".utf8)),
        ("letters", Array("abcdefghijkl".utf8)),
        ("a NUL within", Array("0000\u{0}0000001".utf8)),
    ]

    static let sizes: [Attack] = table {
        for (name, field) in badSizes { tar(name, .sizes, refused("no valid size")) { size(field) } }
        tar("2^63 in base 256", .sizes, refused("no valid size")) {
            size([0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0])
        }
        tar("metadata of 2^62 bytes", .sizes, refused("and metadata at most")) {
            size(huge)
        }
        tar("metadata of 64 GiB", .sizes, refused("and metadata at most")) {
            size(Array("777777777777".utf8))
        }
        tar("a dirtree that is there, of 2^62 bytes", .sizes, refused("and metadata at most")) {
            size(huge, name: AttackedCache.present.root.name.fileName)
        }
        tar("a signature of 2^62 bytes", .sizes, refused("at most")) {
            size(huge, name: "\(Pushed.stranger).sig")
        }
        bytes("a file of 2^62 bytes that ends", .sizes, refused("does not fit")) {
            Pushed.opening() + size(huge, name: Pushed.members[0].name)
                + Pushed.members[0].content
        }
        bytes("a file of 2^64 - 1 bytes, version 0", .sizes, refused("does not fit"), version: 0) {
            announced(Pushed.members[0].name, .max) + Pushed.members[0].content
                + [UInt8](repeating: 0, count: 70_000)
        }
        bytes("a file that is there, of 2^64 - 1 bytes, version 0", .sizes, .interruption, version: 0) {
            announced(AttackedCache.present.file.name.fileName, .max) + [1, 2, 3]
        }
        for type in ["commit", "dirtree", "dirmeta", "commitmeta"] {
            tar("a \(type) of 10 MiB and a byte", .sizes, refused("and metadata at most 10485760")) {
                TarBlock("\(Pushed.stranger).\(type)", size: 10_485_761).bytes
            }
            bytes(
                "a \(type) of 2^64 - 1 bytes, version 0", .sizes, refused("and metadata at most"), version: 0
            ) {
                announced("\(Pushed.stranger).\(type)", .max)
            }
        }
        for type in ["commit", "dirtree", "dirmeta", "filez"] {
            object("a \(type) of no bytes", .sizes, refused("object \(Pushed.stranger)")) {
                ("\(Pushed.stranger).\(type)", [])
            }
        }
        for sent in Pushed.sample.objects {
            bytes(
                "\(sent.name.type.rawValue) \(sent.name.checksum.hex.prefix(4)) a byte too long, version 0",
                .sizes, refused("object \(sent.name)"), version: 0
            ) {
                announced(sent.name.fileName, UInt64(sent.bytes.count) + 1) + sent.bytes
                    + ReceiverRun.push0(Pushed.updates, ObjectStream(Pushed.members))
            }
            bytes(
                "\(sent.name.type.rawValue) \(sent.name.checksum.hex.prefix(4)) a byte too short, version 0",
                .sizes, refused("object \(sent.name)"), version: 0
            ) {
                announced(sent.name.fileName, UInt64(sent.bytes.count) - 1) + sent.bytes
                    + ReceiverRun.push0(Pushed.updates, ObjectStream(Pushed.members))
            }
        }
    }

    /// Version 0: everything up to an object's bytes.
    static func announced(_ name: String, _ size: UInt64) -> [UInt8] {
        Frame.update(Pushed.updates, version: 0)
            + Frame.make(.putObjects, 0, [("object", .string(name)), ("size", .uint64(size))])
    }

    private static let goodTar = ObjectStream(Pushed.members).tar
    private static let zeros = [UInt8](repeating: 0, count: 512)

    private static func damaged(_ change: (inout TarBlock) -> Void) -> [UInt8] {
        var block = TarBlock("\(Pushed.stranger).commit")
        change(&block)
        return block.bytes
    }

    static let tarDamage: [Attack] = table {
        for error in [-1, 1, 256, 4096] {
            tar("a checksum that is wrong by \(error)", .tarDamage, refused("checksum does not match")) {
                damaged { $0.checksumError = error }
            }
        }
        for text in [
            "        ", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}", "77777777", "-0000001", "9999999 ",
            "abcdefgh", "0000000\u{0}",
        ] {
            tar("the checksum \(text.debugDescription)", .tarDamage, refused("checksum does not match")) {
                damaged { $0.checksum = Array(text.utf8) }
            }
        }
        for place in [0, 1, 50, 99, 124, 156, 257, 345, 511] {
            tar("byte \(place) of a header changed", .tarDamage, refused("checksum does not match")) {
                var block = damaged { _ in }
                block[place] ^= 1
                return block
            }
        }
        tar("a block of text", .tarDamage, refused("checksum does not match")) {
            [UInt8](repeating: UInt8(ascii: "A"), count: 512)
        }
        bytes("something in the second zero block", .tarDamage, refused("goes on after its end")) {
            Pushed.stream(zeros + [1] + zeros)
        }
        bytes("a member behind the first zero block", .tarDamage, refused("goes on after its end")) {
            Pushed.stream(zeros + goodTar)
        }
        bytes("a member behind the end", .tarDamage, refused("goes on after its end")) {
            Pushed.stream(zeros + zeros + goodTar)
        }
        bytes("something in the padding", .tarDamage, refused("goes on after its end")) {
            Pushed.stream(Array(goodTar.dropLast()) + [1])
        }
        bytes("no padding", .tarDamage, refused("goes on after its end")) {
            Pushed.stream(zeros + zeros) + Frame.done() + zeros
        }
        bytes("a record too many", .tarDamage, refused("does not speak the artifact protocol")) {
            Pushed.stream(goodTar + [UInt8](repeating: 0, count: 10_240))
        }
        bytes("no objects", .tarDamage, refused("was neither sent nor is it in the repository")) {
            Pushed.stream([UInt8](repeating: 0, count: 10_240))
        }
        bytes("a second stream", .tarDamage, refused("sent putobjects where done was due")) {
            Pushed.opening() + goodTar + Frame.putObjects + goodTar + Frame.done()
        }
    }
}
