// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import Testing

/// A generator with a seed, so that a failure happens again (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Random text.
@Suite struct RandomRemotesTests {
    private static let pieces = [
        "ssh://", "https://", "file://", "/", ":", "@", "-", "~", "~/", "[", "]", "::1", "%", "%2d", "%00",
        "%0a", "%25",
        "%7e", "22", "h", "u", "\n", "\u{0}", "\u{301}", "\u{2028}", " ", "é", "\\", "?", ".",
    ]

    @Test(arguments: 1...4)
    func `Random text makes no remote that an option, a control character or nothing is part of`(seed: UInt64)
    {
        var generator = SeededGenerator(state: seed)
        var accepted = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...8, using: &generator)
            let text = (0..<count).map { _ in Self.pieces.randomElement(using: &generator) ?? "" }.joined()
            guard let remote = try? RemoteAddress(parsing: text) else { continue }
            accepted += 1
            let parts: [String]
            switch remote {
            case .ssh(let address): parts = [address.user, address.host, address.path].compactMap(\.self)
            case .web(let address): parts = [address.url, address.description]
            case .local(let address): parts = [address.path]
            case .bucket(let address): parts = [address.description]
            }
            let areHarmless = parts.allSatisfy { part in
                !part.utf8.isEmpty && part.utf8.first != UInt8(ascii: "-")
                    && part.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
            }
            #expect(areHarmless, "\(text.debugDescription) became \(parts)")
        }
        #expect(accepted > 100)
    }

    @Test func `Random text in a buildstream.conf is understood or reported with a line of the file`() throws
    {
        let sample = Array(
            """
            artifacts:
            - &a {url: "ssh://a@second/artifacts", push: true}
            - url: 'https://first'
            projects: {hello: {artifacts: [*a]}}
            artifactdir: |
              /a
            ? "x\\u263a"
            : !t [~, *a]
            """.utf8)
        let replacements = Array("\u{0}\t\n \"&'*-,:?[]{}|>%@!#\\".utf8) + [0x80, 0xc3, 0xff]
        for index in sample.indices {
            try read(Array(sample[..<index]))
            for byte in replacements {
                var changed = sample
                changed[index] = byte
                try read(changed)
            }
        }
    }

    private func read(_ bytes: [UInt8]) throws {
        do {
            _ = try Configuration(parsing: bytes, file: "c", environment: ["HOME": "/h"])
        } catch {
            let lines = 1 + bytes.count { $0 == UInt8(ascii: "\n") }
            let line = try #require(error.line)
            #expect((1...lines).contains(line), "\(error)")
        }
    }
}
