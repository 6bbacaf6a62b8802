// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Testing

/// The name of a ref.
@Suite struct RefNameTests {
    private static let library = {
        var functions = costree_functions()
        if let problem = costree_load(&functions) { Issue.record("libostree: \(String(cString: problem))") }
        return functions
    }()

    /// Compares our names of refs with libostree's, except for those that are refused here on purpose.
    private static func disagrees(_ text: String) -> Bool {
        let isRefusedHere =
            text.last?.isNewline == true || text.utf8.count > 4000 || Checksum(hex: text) != nil
            || text.utf8.split(separator: UInt8(ascii: "/")).contains { $0.count > 255 }
        return (RefName(text) != nil) != (library.ostree_validate_rev(text, nil) != 0 && !isRefusedHere)
    }

    @Test
    func `The name of a ref is what libostree takes it to be, for every character in every place`() {
        var wrong: [String] = []
        for value in UInt32(1)...0x10ffff {
            guard let scalar = Unicode.Scalar(value) else { continue }
            // Most planes are as good as empty.
            if value > 0x323b0, value % 251 != 0 { continue }
            for text in ["\(scalar)", "a/a\(scalar)"] where Self.disagrees(text) { wrong.append(text) }
        }
        #expect(wrong.isEmpty)
    }

    @Test func `The name of a ref is what libostree takes it to be, for whatever a generator makes up`() {
        let pieces = [
            "a", "Z", "0", "-", ".", "_", "/", "//", "é", "e\u{301}", "\u{212a}", "\u{1100}", "日", "²", "١",
            " ", "\n",
            "😀", "\u{301}", "\u{200d}", ":", "%", "\u{ad}", "\u{202e}", "..",
            String(repeating: "b", count: 84),
            String(repeating: "f", count: 64), "\u{10ffff}", "/" + String(repeating: "é/", count: 200) + "x",
        ]
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<30_000 {
            let count = Int.random(in: 0...9, using: &generator)
            let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            #expect(!Self.disagrees(text), "\(text.debugDescription)")
        }
    }
}
