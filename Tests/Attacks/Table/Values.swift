// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants
import WireSamples

extension Attack {
    /// A frame of these bytes.
    static func frame(_ kind: Frame.Kind, _ body: [UInt8], version: UInt8 = 1) -> [UInt8] {
        [UInt8(ascii: "l"), version, kind.rawValue, UInt8(body.count & 0xff), UInt8(body.count >> 8)] + body
    }

    private static func body(_ entries: [(key: String, value: Variant)]) -> [UInt8] {
        Variant.dictionary(entries).serialized()
    }

    /// Bytes that are no `a{sv}` in normal form.
    private static let notNormal: [(String, [UInt8])] = [
        ("a byte", [0xff]), ("a zero", [0]), ("zeros", [UInt8](repeating: 0, count: 64)),
        ("ones", [UInt8](repeating: 0xff, count: 64)),
        ("65,535 zeros", [UInt8](repeating: 0, count: 65_535)),
        ("65,535 ones", [UInt8](repeating: 0xff, count: 65_535)),
        ("an offset behind the end", Array("mode\u{0}".utf8) + [0, 0, 0, 1, 0, 0, 0, 0, 0x69, 5, 200]),
        ("offsets that go back", [0x61, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x62, 2, 13, 3]),
        ("a key that is no UTF-8", [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x79, 2, 12]),
        ("a value without a type", [0x61, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 11]),
        ("a value of an unknown type", [0x61, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x21, 2, 12]),
        ("text", Array("a message of another protocol altogether".utf8)),
    ]

    /// Boxes in boxes.
    private static func nested(_ depth: Int) -> [UInt8] {
        // The innermost value, then "a NUL and v" for each box around it, as GLib writes them.
        [1] + [0, UInt8(ascii: "y")] + Array(repeatElement([0, UInt8(ascii: "v")], count: depth).joined())
    }

    private static func nestedBody(_ depth: Int, key: String = "x") -> [UInt8] {
        var entry = Array(key.utf8) + [0]
        while entry.count % 8 != 0 { entry.append(0) }
        entry += nested(depth) + [UInt8(key.utf8.count + 1)]
        let width = entry.count < 255 ? 1 : 2
        if width == 2 { entry.append(0) }
        return entry + (0..<width).map { UInt8(truncatingIfNeeded: entry.count >> (8 * $0)) }
    }

    private static let damaged = "message is damaged"

    static let variants: [Attack] = table {
        for (name, bad) in notNormal {
            bytes("info of \(name)", .variants, refused("info \(damaged)")) { frame(.info, bad) }
            bytes("update of \(name)", .variants, refused("update \(damaged)")) {
                Frame.info() + frame(.update, bad)
            }
            bytes("putobjects of \(name)", .variants, refused("\(damaged)")) {
                Frame.info() + Frame.update(Pushed.updates) + frame(.putObjects, bad)
            }
            bytes("done of \(name)", .variants, refused("done \(damaged)")) {
                Pushed.opening() + ObjectStream(Pushed.members).tar + frame(.done, bad)
            }
            bytes("update of \(name), version 0", .variants, refused("update \(damaged)"), version: 0) {
                frame(.update, bad, version: 0)
            }
            bytes("putobjects of \(name), version 0", .variants, refused(damaged), version: 0) {
                Frame.update(Pushed.updates, version: 0) + frame(.putObjects, bad, version: 0)
            }
        }
        bytes("info with 20,000 boxes in each other", .variants, refused("info \(damaged)")) {
            frame(.info, nestedBody(20_000))
        }
        bytes("update with 20,000 boxes in each other", .variants, refused("update \(damaged)")) {
            Frame.info() + frame(.update, nestedBody(20_000))
        }
        bytes("info without a mode", .variants, refused("names no repository mode")) {
            frame(.info, body([("refs", .dictionary([(key: String, value: String)]()))]))
        }
        bytes("info without refs", .variants, refused("lists no refs")) {
            frame(.info, body([("mode", .int32(1))]))
        }
        bytes("info of no keys", .variants, refused("names no repository mode")) { frame(.info, []) }
        bytes("info whose mode is text", .variants, refused("names no repository mode")) {
            frame(
                .info,
                body([("mode", .string("1")), ("refs", .dictionary([(key: String, value: String)]()))]))
        }
        bytes("info whose refs are text", .variants, refused("lists no refs")) {
            frame(.info, body([("mode", .int32(1)), ("refs", .string("x"))]))
        }
        bytes("info whose pull_url is a number", .variants, refused("pull_url of type")) {
            frame(
                .info,
                body([
                    ("mode", .int32(1)), ("refs", .dictionary([(key: String, value: String)]())),
                    ("pull_url", .int32(1)),
                ]))
        }
        bytes("info whose pull_url is of a type of 20,000 letters", .variants, refused("pull_url of type")) {
            frame(
                .info,
                body([
                    ("mode", .int32(1)), ("refs", .dictionary([(key: String, value: String)]())),
                    ("pull_url", .tuple(Array(repeating: .bool(true), count: 20_000))),
                ]))
        }
        bytes("info with a mode that no repository has", .variants, .nothing) {
            frame(
                .info,
                body([
                    ("mode", .int32(.min)), ("refs", .dictionary([(key: String, value: String)]())),
                ])) + Frame.done()
        }
        bytes("info with a thousand unknown keys", .variants, .nothing) {
            frame(
                .info,
                body(
                    [
                        ("mode", .int32(1)), ("refs", .dictionary([(key: String, value: String)]())),
                    ] + (0..<1000).map { ("key \($0)\u{1b}[2J", Variant.boxed(.int32(1))) })) + Frame.done()
        }
        bytes("update with a value of text", .variants, refused("is of type s, not (ss)")) {
            Frame.info() + frame(.update, body([("a", .string(Pushed.commit))]))
        }
        bytes("update with three commits", .variants, refused("is of type (sss), not (ss)")) {
            Frame.info() + frame(.update, body([("a", .tuple([.string(""), .string(""), .string("")]))]))
        }
        bytes("update with a value in two boxes", .variants, refused("is of type v, not (ss)")) {
            Frame.info()
                + frame(
                    .update, body([("a", .boxed(.tuple([.string(Frame.nothing), .string(Pushed.commit)])))]))
        }
        bytes("update with a value of a type of 20,000 letters", .variants, refused("is of type")) {
            Frame.info() + frame(.update, body([("a", .tuple(Array(repeating: .bool(true), count: 20_000)))]))
        }
        bytes(
            "putobjects without a size, version 0", .variants, refused("names no object and size"), version: 0
        ) {
            Frame.update(Pushed.updates, version: 0)
                + frame(.putObjects, body([("object", .string(Pushed.members[0].name))]), version: 0)
        }
        bytes(
            "putobjects without a name, version 0", .variants, refused("names no object and size"), version: 0
        ) {
            Frame.update(Pushed.updates, version: 0)
                + frame(.putObjects, body([("size", .uint64(1))]), version: 0)
        }
        bytes(
            "putobjects with a size of 32 bits, version 0", .variants, refused("names no object and size"),
            version: 0
        ) {
            Frame.update(Pushed.updates, version: 0)
                + frame(.putObjects, body([("object", .string("x")), ("size", .uint32(1))]), version: 0)
        }
        for type in ["commit", "dirtree", "dirmeta", "commitmeta"] {
            for (name, bad) in notNormalObjects {
                object("a \(type) of \(name)", .variants, refused("object", ".\(type)")) {
                    type == "commitmeta"
                        ? ("\(Pushed.commit).commitmeta", bad) : ("\(LargeObject.checksum(bad)).\(type)", bad)
                }
            }
        }
    }

    /// Bytes that are normal for no type of object.
    private static let notNormalObjects: [(String, [UInt8])] = [
        ("a byte", [0xff]), ("ones", [UInt8](repeating: 0xff, count: 200)),
        ("text", Array("text, nothing but text".utf8)),
        ("10,000 boxes in each other", nestedBody(10_000)),
        ("a million ones", [UInt8](repeating: 0xff, count: 1_000_000)),
    ]
}
