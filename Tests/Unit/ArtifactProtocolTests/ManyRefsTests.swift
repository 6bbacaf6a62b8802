// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing
import Variants

/// Messages with many refs.
@Suite struct ManyRefsTests {
    private static let commits = "0cf".map { Checksum(hex: String(repeating: $0, count: 64))! }

    /// Names whose sizes differ, so that framing offsets of every width are written.
    private static func names(_ count: Int, longest: Int) -> [RefName] {
        (0..<count).map { index in
            let parts = Array(repeating: "x\(index)", count: 1 + index * 37 % longest)
            return RefName(parts.joined(separator: "/"))!
        }
    }

    private static func body(_ message: Message, _ order: ByteOrder) throws -> [UInt8] {
        let frame = try message.frame(version: .one, order: order, large: true)
        return Array(frame.dropFirst(frame.count > 65_540 ? 7 : FrameHeader.byteCount))
    }

    @Test(arguments: [(0, 1), (1, 1), (1, 40), (2, 70), (3, 30), (40, 3), (300, 90), (2_000, 20)])
    func `Messages have the bytes that GLib writes, however many refs there are`(count: Int, longest: Int)
        throws
    {
        let names = Self.names(count, longest: longest)
        let edits = names.enumerated().map { index, ref in
            RefEdit(ref, at: index % 3 == 0 ? nil : Self.commits[index % 3], to: Self.commits[1])
        }
        let update = Variant.dictionary(
            edits.map { edit in
                let old = Variant.string(edit.previous.commit?.hex ?? String(repeating: "0", count: 64))
                return (edit.ref.text, .tuple([old, .string(Self.commits[1].hex)]))
            })
        let results = names.map { RefEditResult($0, .moved, from: nil, to: Self.commits[2]) }
        let list = results.map {
            Variant.tuple([.string($0.ref.text), .string("moved"), .string(Self.commits[2].hex)])
        }
        let refs = Dictionary(uniqueKeysWithValues: names.map { ($0, Self.commits[2]) })
        let sorted = refs.sorted { $0.key < $1.key }.map { (key: $0.key.text, value: $0.value.hex) }
        for order in [ByteOrder.little, .big] {
            #expect(try Self.body(.update(edits), order) == update.serialized(order: order))
            #expect(
                try Self.body(.results(results), order)
                    == Variant.dictionary([("refs", Variant.array(of: "(sss)", list))]).serialized(
                        order: order))
            let info = Variant.dictionary([("mode", Variant.int32(1)), ("refs", .dictionary(sorted))])
            // Large bodies are little-endian in any case.
            let isLarge = info.serialized().count > FrameHeader.maximumBodySize
            #expect(
                try Self.body(.info(Info(mode: 1, refs: refs)), order)
                    == info.serialized(order: isLarge ? .little : order))
        }
    }

    @Test func `A result takes no more memory than its name and two commits`() {
        // Its outcome and the marks of commits that are not there stand in what aligns them.
        #expect(MemoryLayout<RefEditResult>.stride == 16 + 2 * (Checksum.byteCount + 8))
    }
}
