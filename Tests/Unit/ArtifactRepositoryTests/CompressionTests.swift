// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

@testable import ArtifactRepository

/// Parts of a large file, each compressed by itself.
@Suite struct CompressionTests {
    private static let contents: [(String, [UInt8])] = {
        let size = 200_000
        var state: UInt64 = 88_172_645_463_325_252
        let noise = (0..<size).map { _ -> UInt8 in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state)
        }
        return [
            ("nothing", []), ("a byte", [7]), ("zeros", [UInt8](repeating: 0, count: size)), ("noise", noise),
            ("letters", noise.map { 97 + $0 % 11 }), ("both", Array(noise[..<50_000]) + noise.map { $0 & 1 }),
        ]
    }()

    @Test(arguments: [Compression.fast, .balanced, .small] + (0...12).map(Compression.level))
    func
        `Parts of a large file, each compressed by itself, make one stream together, whatever their ends are`(
            _ compression: Compression
        ) throws
    {
        let deflater = Deflater(compression)
        for (name, content) in CompressionTests.contents {
            // Cut at odd places, so that streams end at every bit.
            for step in [content.count + 1, 70_001, 33_333] {
                var parts = stride(from: 0, to: content.count, by: step).map {
                    Array(content[$0..<min($0 + step, content.count)])
                }
                if parts.isEmpty { parts = [[]] }
                var stream: [UInt8] = []
                for (index, part) in parts.enumerated() {
                    stream += part.withUnsafeBytes {
                        deflater.compressPart($0, isLast: index == parts.count - 1)
                    }
                }
                var result: [UInt8] = []
                let inflater = Inflater(ObjectName(Digest(of: content).finish(), .file))
                try stream.withUnsafeBytes { try inflater.inflate($0) { result += Array($0) } }
                #expect(inflater.isComplete && result == content, "\(name), parts of \(step) bytes")
            }
        }
    }
}
