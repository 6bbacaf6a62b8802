// SPDX-License-Identifier: Apache-2.0

import WireSamples

extension Attack {
    /// An extended header of these bytes.
    static func extended(_ content: [UInt8], flag: Character = "x") -> [UInt8] {
        TarBlock("././@PaxHeader", size: content.count, flag: flag.asciiValue ?? 0).with(content)
    }

    /// Records with their lengths.
    private static func records(_ records: (String, String)...) -> [UInt8] {
        records.flatMap { key, value in
            let rest = " \(key)=\(value)\n".utf8.count
            var length = rest
            while "\(length)".utf8.count + rest != length { length = "\(length)".utf8.count + rest }
            return Array("\(length) \(key)=\(value)\n".utf8)
        }
    }

    private static let good = Pushed.members[0]

    /// A good member behind an extended header.
    private static func beforeGood(_ content: [UInt8], flag: Character = "x") -> [UInt8] {
        ObjectStream(Pushed.members).tar(after: extended(content, flag: flag))
    }

    private static func overriding(
        _ name: String, _ outcome: Outcome, flag: Character = "x",
        _ content: @escaping @Sendable () -> [UInt8]
    ) -> Attack {
        bytes(name, .tarExtensions, outcome) { Pushed.stream(beforeGood(content(), flag: flag)) }
    }

    private static let badRecords: [(String, String)] = [
        ("a length that is too long", "99 path=x\n"),
        ("a length that is too short", "5 path=x\n"),
        ("a length of 0", "0 path=x\n"),
        ("a length of 20 digits", "99999999999999999999 path=x\n"),
        ("a negative length", "-9 path=x\n"),
        ("a length with a sign", "+9 path=x\n"),
        ("a length in hexadecimal", "0xa path=x\n"),
        ("no length", "path=x\n"),
        ("no space", "9path=xy\n"),
        ("no equals sign", "7 path\n"),
        ("no key", "6 =xy\n"),
        ("no newline", "9 path=xy"),
        ("something behind the last record", "10 path=x\nabc"),
        ("NULs behind the last record", "9 path=x\n\u{0}\u{0}"),
        ("only a number", "3"),
        ("only spaces", "    "),
    ]

    private static let badSizes: [(String, String)] = [
        ("a negative size", "-1"), ("a size with a sign", "+3"), ("no size", ""),
        ("a size in letters", "abc"),
        ("a size with an exponent", "1e3"), ("a size in hexadecimal", "0x10"),
        ("a size with a fraction", "1.5"),
        ("a size of 2^64", "18446744073709551616"),
        ("a size of 400 digits", String(repeating: "9", count: 400)),
        ("a size with a space", "1 "),
    ]

    static let tarExtensions: [Attack] = table {
        for (name, text) in badRecords {
            overriding("a record with \(name)", refused("pax record is not well formed")) { Array(text.utf8) }
        }
        for (name, text) in badSizes {
            overriding("a record with \(name)", refused("is not a size")) { records(("size", text)) }
        }
        overriding("a size of 2^63", refused("a member of 9223372036854775808 bytes")) {
            records(("size", "9223372036854775808"))
        }
        overriding("a size of 2^64 - 1", refused("a member of")) {
            records(("size", "18446744073709551615"))
        }
        overriding("a size that is too small", refused("it ends within its header")) {
            records(("size", "1"))
        }
        overriding("a size that is too large", refused("bytes follow the end")) {
            records(("size", "\(good.content.count + 512)"))
        }
        overriding("two sizes, the second one wrong", refused("it ends within its header")) {
            records(("size", "\(good.content.count)"), ("size", "2"))
        }
        overriding("a name that leads up", refused("is not the name of an object")) {
            records(("path", "../../config"))
        }
        overriding("an absolute name", refused("is not the name of an object")) {
            records(("path", "/etc/passwd"))
        }
        overriding("an empty name", refused("is not the name of an object")) { records(("path", "")) }
        overriding("a name with a NUL", refused("is not the name of an object")) {
            records(("path", "\(good.name)\u{0}"))
        }
        overriding("a name with a newline", refused("is not the name of an object")) {
            records(("path", "\(good.name)\nx"))
        }
        overriding("two names, the second one wrong", refused("is not the name of an object")) {
            records(("path", good.name), ("path", "../x"))
        }
        overriding("the name of another object", refused("checksum")) {
            records(("path", "\(Pushed.stranger).filez"))
        }
        overriding("a name of 60,000 letters", refused("is not the name of an object")) {
            records(("path", String(repeating: "a", count: 60_000)))
        }
        overriding("a link", refused("only regular files")) { records(("linkpath", "/etc/passwd")) }
        overriding("a sparse file of version 0.0", refused("only regular files")) {
            records(("GNU.sparse.size", "1000000000"))
        }
        overriding("a sparse file of version 1.0", refused("only regular files")) {
            records(("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "x"))
        }
        overriding("a global name", refused("to all members"), flag: "g") {
            records(("path", good.name))
        }
        overriding("a global size", refused("to all members"), flag: "g") { records(("size", "0")) }
        overriding("a global link", refused("only regular files"), flag: "g") {
            records(("linkpath", "x"))
        }
        overriding("a global header that is damaged", refused("not well formed"), flag: "g") {
            [1, 2, 3]
        }
        overriding("a long name that leads up", refused("is not the name of an object"), flag: "L") {
            Array("../../config\u{0}".utf8)
        }
        overriding("an empty long name", refused("is not the name of an object"), flag: "L") { [] }
        overriding(
            "a long name of bytes that are no UTF-8", refused("is not the name of an object"), flag: "L"
        ) {
            [0xff, 0xfe, 0]
        }
        overriding("a long link", refused("only regular files"), flag: "K") {
            Array("/etc/passwd\u{0}".utf8)
        }
        overriding("records of no meaning, which are ignored", Pushed.success) {
            records(("comment", "../../x"), ("uid", "-1"), ("SCHILY.xattr.user.x", "y"), ("mtime", "x"))
        }
        tar("an extended header before the end", .tarExtensions, refused("precedes no member")) {
            extended(records(("path", good.name))) + [UInt8](repeating: 0, count: 1024)
        }
        tar("a long name before the end", .tarExtensions, refused("precedes no member")) {
            extended(Array("x\u{0}".utf8), flag: "L") + [UInt8](repeating: 0, count: 1024)
        }
        tar("a good name for a directory", .tarExtensions, refused("only regular files")) {
            extended(records(("path", good.name))) + TarBlock("x", flag: UInt8(ascii: "5")).bytes
        }
        tooLarge
    }

    private static let tooLarge: [Attack] = table {
        for flag in ["x", "g", "L"] {
            tar(
                "a header \(flag) of more than 64 KiB", .tarExtensions,
                refused("an extended header of 65537 bytes")
            ) {
                TarBlock("x", size: 65537, flag: Character(flag).asciiValue ?? 0).bytes
            }
            tar("a header \(flag) of 2^62 bytes", .tarExtensions, refused("an extended header of")) {
                var block = TarBlock("x", flag: Character(flag).asciiValue ?? 0)
                block.size = [0x80, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0]
                return block.bytes
            }
            tar("a header \(flag) of a negative size", .tarExtensions, refused("no valid size")) {
                var block = TarBlock("x", flag: Character(flag).asciiValue ?? 0)
                block.size = [UInt8](repeating: 0xff, count: 12)
                return block.bytes
            }
        }
    }
}
