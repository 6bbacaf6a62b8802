// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArtifactProtocol

/// A name.
@Suite struct NameTests {
    private static let hex = "0123456789abcdef" + String(repeating: "0a", count: 24)

    @Test(arguments: [
        "a", "project/element/cachekey", "A-Z_0.9", "a-/b-", "a.b/_.c/d..", "_", "1", "x.lock",
        "a/b/c/d/e", "é", "\u{ff41}", "日本/語", "a/Ω", "²",
        String(repeating: "a", count: 255), Array(repeating: "ab", count: 1333).joined(separator: "/"),
        String(repeating: "a", count: 63), String(repeating: "A", count: 64),
        "x/" + String(repeating: "a", count: 64),
    ])
    func `A name of a ref is parts of letters and digits of any script, - . _ between single slashes`(
        text: String
    ) {
        let name = RefName(text)
        #expect(name?.text == text)
        #expect(name?.description == text)
    }

    @Test(arguments: [
        "", ".", "..", "/", "/a", "a/", "a//b", "a/./b", "a/../b", "../a", "a/..", "-a", "--", "-", "a b",
        "a\n",
        "a\0b", "a:b", "a\\b", "a~", "a^", "a@b", "a\u{2f}\u{200d}b",
        "a%b", "😀", "a/é b", "é\n", "é/", "é//b", "é/.b",
        "a\r\nb", "a\tb", "*", String(repeating: "a", count: 256),
        Array(repeating: "ab", count: 1334).joined(separator: "/"), "a/-b", "...", ".a", "a/.b", "a/..b",
        String(repeating: "a", count: 64),
    ])
    func `A name of a ref is nothing that leaves its directory, is an option, or holds anything else`(
        text: String
    ) {
        #expect(RefName(text) == nil)
    }

    @Test(arguments: [("K", "\u{212a}"), ("Å", "\u{212b}"), ("각", "\u{1100}\u{1161}\u{11a8}")])
    func `A name of a ref is another one where its bytes are, though texts are equal`(
        first: String, second: String
    ) throws {
        let names = [try #require(RefName("x/\(first)")), try #require(RefName("x/\(second)"))]
        #expect(first == second && names[0] != names[1] && Set(names).count == 2)
        #expect((names[0] < names[1]) != (names[1] < names[0]))
    }

    @Test func `A name of a ref has the names of directories that lead to it, and a project`() throws {
        let name = try #require(RefName("é/b/c"))
        #expect(name.parents.map(\.text) == ["é", "é/b"] && name.project.text == "é")
        let single = try #require(RefName("a"))
        #expect(single.parents.isEmpty && single.project == single)
    }

    @Test func `A name of a ref is ordered by its bytes`() throws {
        let names = try ["a/b", "a-b", "a", "B", "a.b", "a_b", "aa"].map { try #require(RefName($0)) }
        #expect(names.sorted().map(\.text) == ["B", "a", "a-b", "a.b", "a/b", "a_b", "aa"])
    }

    @Test func `A name of 64 lower-case digits is a checksum and comes back the same, as do its 32 bytes`()
        throws
    {
        let checksum = try #require(Checksum(hex: Self.hex))
        #expect(checksum.hex == Self.hex)
        #expect(checksum.description == Self.hex)
        #expect(checksum.bytes.prefix(8) == [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef])
        #expect(checksum.bytes.withUnsafeBytes { Checksum(bytes: $0) } == checksum)
        for count in [0, 31, 33, 64] {
            #expect([UInt8](repeating: 1, count: count).withUnsafeBytes { Checksum(bytes: $0) } == nil)
        }
    }

    private static let badChecksums: [String] = [
        "", String(hex.dropLast()), "\(hex)0", hex.uppercased(), "g\(hex.dropFirst())", " \(hex.dropFirst())",
        "\(hex)\n", "\u{661}\(hex.dropFirst(2))", "+\(hex.dropFirst())", "0x\(hex.dropFirst(2))",
        "\(hex.dropLast())\0",
    ]

    @Test(arguments: badChecksums)
    func `A name of another form is no checksum`(text: String) {
        #expect(Checksum(hex: text) == nil)
    }

    @Test func `A name that is a checksum is ordered as its digits are`() throws {
        var generator = XorShift(seed: 3)
        for _ in 0..<200 {
            var texts: [String] = []
            for _ in 0..<2 {
                // Few different digits, so that many share a long beginning.
                let digits = (0..<64).map { _ in "00000000000000f8".randomElement(using: &generator) ?? "0" }
                texts.append(String(digits))
            }
            let first = try #require(Checksum(hex: texts[0]))
            let second = try #require(Checksum(hex: texts[1]))
            #expect((first < second) == (texts[0] < texts[1]))
            #expect((first == second) == (texts[0] == texts[1]))
        }
    }

    @Test(arguments: ObjectType.allCases)
    func `A name of an object is a checksum, a dot and a known suffix`(type: ObjectType) throws {
        let name = try #require(ObjectName(fileName: "\(Self.hex).\(type.rawValue)"))
        #expect(name.type == type)
        #expect(name.checksum.hex == Self.hex)
        #expect(name.fileName == "\(Self.hex).\(type.rawValue)")
        #expect(try ReceivedObjectName(received: name.fileName) == .object(name))
    }

    @Test(arguments: ["sig", "sizes2"])
    func `A name of an object that repositories no longer know is told apart`(suffix: String) throws {
        let text = "\(Self.hex).\(suffix)"
        #expect(ObjectName(fileName: text) == nil)
        #expect(try ReceivedObjectName(received: text) == .obsolete(text))
    }

    /// `@` stands for a checksum.
    private static let badObjects: [String] = [
        "", ".", "filez", ".filez", "@", "@.", "@.file", "@.FILEZ", "@.filez ", "@.filez\n", "@filez",
        "@..filez",
        "@.filez.filez", "./@.filez", "../@.commit", "/@.commit", "a/@.commit", "@.commit/", "@0.commit",
        "0@.commit", "@.tombstone-commit", "@.sig/../../x", "@0.sig", "0123.sig", ".sizes2", "@.commit\0",
        "@.\u{301}commit", "@\u{301}.commit",
    ]

    @Test(arguments: badObjects)
    func `A name of another form is no object's`(pattern: String) {
        let text = pattern.replacing("@", with: Self.hex)
        #expect(ObjectName(fileName: text) == nil)
        let error = #expect(throws: ProtocolError.self) { try ReceivedObjectName(received: text) }
        #expect(error?.code == .badObjectStream)
    }

    @Test func `A name that a peer sends is shown without control characters, and cut`() {
        #expect("a\u{1b}[31mb\n\u{202e}c".forDisplay() == "a^[[31mb^J<U+202E>c")
        #expect(
            "\u{85}\u{9b}\u{7f}\u{2028}\u{e0041}\u{0}".forDisplay() == "<U+0085><U+009B>^?<U+2028><U+E0041>^@"
        )
        #expect("a^[b".forDisplay().forDisplay() == "a^[b")
        #expect(
            String(displaying: [0x61, 0xff, 0xc3, 0xa9, 0xe2, 0x82, 0x1b, 0xc3]) == "a<FF>é<E2><82>^[<C3>")
        #expect(String(repeating: "é", count: 201).forDisplay() == String(repeating: "é", count: 200) + "...")
        #expect("abc".forDisplay(limit: 3) == "abc")
    }
}
