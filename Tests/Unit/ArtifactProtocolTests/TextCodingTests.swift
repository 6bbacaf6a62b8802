// SPDX-License-Identifier: Apache-2.0

import Testing
import TextCoding

@Suite struct TextCodingTests {
    @Test(
        arguments: [
            ("", []), ("AA==", [0]), ("AB==", [0]), ("//8=", [0xff, 0xff]), ("+/+/", [0xfb, 0xff, 0xbf]),
        ] as [(String, [UInt8])])
    func `Base64 stands for bytes`(text: String, bytes: [UInt8]) {
        #expect(Base64.decode(text.utf8) == bytes)
    }

    @Test(arguments: [
        "A", "AA", "AA=", "AAA", "A===", "====", "AA=A", "A=AA", "AA==AAAA", "AA\n=", "-_-_", "AAAA\0",
    ])
    func `Base64 that is cut off or has other characters is refused`(text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }

    @Test func `All bytes come back from base64 and percent-encoding`() {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
        let text = String(String.UnicodeScalarView(bytes.map(Unicode.Scalar.init)))
        #expect(PercentEncoding.decode(PercentEncoding.encode(text).utf8) == Array(text.utf8))
    }

    @Test(
        arguments: [
            ("", []), ("%00%ff%Fe", [0, 0xff, 0xfe]), ("%41", [0x41]), ("a+\0", [0x61, 0x2b, 0]),
            ("%", nil), ("a%4", nil), ("%4g", nil), ("%%41", nil), ("%+1", nil), ("%4\0", nil),
        ] as [(String, [UInt8]?)])
    func `Percent-encoding stands for any bytes, and broken escapes are refused`(
        text: String, bytes: [UInt8]?
    ) {
        #expect(PercentEncoding.decode(text.utf8) == bytes)
    }

    @Test(arguments: ["", "a b", "it's", "'\u{301}", "$HOME", "-._/=+,@:", "é", "\n", "\\"])
    func `A quoted word is one word to a shell`(word: String) {
        #expect(word.shellQuoted.shellWords == [word])
    }
}
