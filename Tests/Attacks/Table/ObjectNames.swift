// SPDX-License-Identifier: Apache-2.0

import WireSamples

extension Attack {
    private static let hex = Pushed.stranger

    /// Names that no object has, each with its mistake.
    private static let badNames: [(String, String)] = [
        ("a path that leads up", "../../config"),
        ("a path that leads up and down", "../objects/\(hex).commit"),
        ("an absolute path", "/etc/passwd"),
        ("a path in the repository", "ab/cdef.commit"),
        ("a path in this directory", "./\(hex).commit"),
        ("a slash at the end", "\(hex).commit/"),
        ("a path behind a good name", "\(hex).commit/../../config"),
        ("a backslash", "..\\\(hex).commit"),
        ("upper case digits", "\(hex.uppercased()).commit"),
        ("one upper case digit", "A\(hex.dropFirst()).commit"),
        ("63 digits", "\(hex.dropFirst()).commit"),
        ("65 digits", "\(hex)a.commit"),
        ("digits that are none", "g\(hex.dropFirst()).commit"),
        ("no digits", ".commit"),
        ("a sign before the digits", "+\(hex.dropFirst()).commit"),
        ("a space before the digits", " \(hex).commit"),
        ("0x before the digits", "0x\(hex.dropFirst(2)).commit"),
        ("no suffix", hex),
        ("an empty suffix", "\(hex)."),
        ("a suffix in upper case", "\(hex).COMMIT"),
        ("half a suffix", "\(hex).commi"),
        ("the suffix of a bare file", "\(hex).file"),
        ("the suffix of a partial commit", "\(hex).commitpartial"),
        ("the suffix of a tombstone", "\(hex).tombstone-commit"),
        ("the suffix of a payload link", "\(hex).payload-link"),
        ("two suffixes", "\(hex).commit.commit"),
        ("a temporary suffix", "\(hex).filez.tmp"),
        ("something behind an old suffix", "\(hex).sig2"),
        ("a newline at the end", "\(hex).commit\n"),
        ("a newline in front", "\n\(hex).commit"),
        ("a combining accent behind the dot", "\(hex).\u{301}commit"),
        ("letters that look alike", "\(hex).c\u{43e}mmit"),
        ("digits of another script", "\(String(repeating: "\u{661}", count: 32)).commit"),
        ("an option", "-rf"),
        ("a home", "~root"),
        ("percent signs", "%2e%2e%2fconfig"),
        ("a command", "$(touch pwned).commit"),
        ("orders to a terminal", "\u{1b}]0;pwned\u{7}\u{1b}[2J"),
        ("writing from right to left", "\u{202e}\(hex.prefix(20)).commit"),
        ("a file of no objects", "README"),
        ("a dot", "."),
        ("two dots", ".."),
    ]

    static let objectNames: [Attack] = table {
        for (name, text) in badNames {
            object(name, .objectNames, refused("is not the name of an object")) { (text, []) }
        }
        twice
        tar("a NUL in front", .objectNames, refused("is not the name of an object")) {
            var block = TarBlock("x.commit")
            block.name = [0] + block.name
            return block.bytes
        }
        tar("bytes that are no UTF-8", .objectNames, refused("is not the name of an object")) {
            var block = TarBlock("x.commit")
            block.name = [0xff, 0xc0, 0x80, 0x2f]
            return block.bytes
        }
        tar(
            "a good name below a directory in the prefix", .objectNames,
            refused("is not the name of an object")
        ) {
            var block = TarBlock("\(hex).commit")
            block.prefix = Array("objects".utf8)
            return block.bytes
        }
        tar("dots in the prefix", .objectNames, refused("is not the name of an object")) {
            var block = TarBlock("config")
            block.prefix = Array("../..".utf8)
            return block.bytes
        }
        bytes(
            "one of 60,000 letters, version 0", .objectNames, refused("is not the name of an object"),
            version: 0
        ) {
            Frame.update(Pushed.updates, version: 0) + Frame.object(String(repeating: "a", count: 60_000), [])
        }
    }

    private static let twice: [Attack] = table {
        for sent in Pushed.sample.objects {
            objects(
                "the same \(sent.name.type.rawValue) \(sent.name.checksum.hex.prefix(4)) twice", .objectNames,
                refused("sent twice")
            ) {
                Pushed.members + [sent.member]
            }
        }
        objects("the same detached metadata twice", .objectNames, refused("sent twice")) {
            let detached = SampleObject.detached(Pushed.sample.commit, "note").member
            return Pushed.members + [detached, detached]
        }
    }
}
