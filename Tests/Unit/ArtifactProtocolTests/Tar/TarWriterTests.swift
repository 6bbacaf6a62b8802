// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import ArtifactProtocol

/// A tar stream that we write.
@Suite struct TarWriterTests {
    /// Members of these sizes, filled with their index.
    private static func stream(_ sizes: [Int]) -> [UInt8] {
        var writer = TarWriter()
        var stream: [UInt8] = []
        for (index, size) in sizes.enumerated() {
            stream += writer.header(
                name: "member\(index)", size: UInt64(size), isLast: index == sizes.count - 1)
            stream += [UInt8](repeating: UInt8(truncatingIfNeeded: index + 1), count: size)
            stream += writer.trailer(size: UInt64(size))
        }
        return stream + writer.end()
    }

    /// Sizes of members: the last one ends at every place modulo 10,240, with nothing, something and much before it.
    private static let layouts: [[Int]] = {
        let last =
            Array(stride(from: 0, through: 10_240, by: 512)) + [1, 511, 513, 8703, 8704, 8705, 9727, 10_239]
        var layouts: [[Int]] = [[]]
        for size in last {
            layouts += [[size], [512, size], [9216, size], [100, 0, size], [20_000, 512, size]]
        }
        return layouts
    }()

    @Test func `A tar stream that we write is read by us as it was written, to its end`() throws {
        for sizes in Self.layouts {
            let stream = Self.stream(sizes)
            #expect(stream.count % 10_240 == 0)
            let run = try TarRun(stream)
            #expect(run.isEnded && run.position == stream.count, "\(sizes)")
            let expected = sizes.enumerated().map { index, size in
                TarRun.Member(
                    name: "member\(index)", size: UInt64(size),
                    content: [UInt8](repeating: UInt8(truncatingIfNeeded: index + 1), count: size),
                    isComplete: true)
            }
            #expect(run.members == expected, "\(sizes)")
        }
    }

    @Test func `A tar stream that we write has as little padding as there can be`() {
        for sizes in Self.layouts {
            let content = sizes.reduce(0) { $0 + 512 + ($1 + 511) / 512 * 512 }
            let least = (content + 1024 + 10_239) / 10_240 * 10_240
            #expect(Self.stream(sizes).count == least, "\(sizes)")
        }
    }

    private static let reader = """
        import struct, sys, tarfile
        # Streams, each behind its length and before the frame that follows it on the wire.
        source = open(sys.argv[1], 'rb')
        while True:
            head = source.read(8)
            if not head:
                break
            length = struct.unpack('<Q', head)[0]
            start = source.tell()
            # As existing receivers read: a stream that cannot seek, in blocks of 10,240 bytes.
            with tarfile.open(fileobj=source, mode='r|', bufsize=10240) as tar:
                sizes = [len(tar.extractfile(member).read()) for member in tar]
            print(source.tell() - start - length, *sizes)
            source.seek(start + length + 5)
        """

    @Test
    func `A tar stream that we write is consumed to its end, and no further, by Python's tarfile`() throws {
        let directory = try TemporaryDirectory()
        var input = Data()
        for sizes in Self.layouts {
            let stream = Self.stream(sizes)
            withUnsafeBytes(of: UInt64(stream.count).littleEndian) { input.append(contentsOf: $0) }
            input.append(contentsOf: stream)
            input.append(contentsOf: try Message.done.frame(version: .one))
        }
        let file = directory.path("streams")
        try input.write(to: URL(fileURLWithPath: file))
        let lines = try run(["/usr/bin/python3", "-c", Self.reader, file]).checked().lines
        let expected = Self.layouts.map { sizes in (["0"] + sizes.map(String.init)).joined(separator: " ") }
        #expect(lines == expected)
    }
}
