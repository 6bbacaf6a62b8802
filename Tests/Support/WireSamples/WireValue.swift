// SPDX-License-Identifier: Apache-2.0

/// GVariant's serialisation, as far as the protocol's bodies need it, little endian; written here once more so that
/// the tests do not rest on what they test.
package enum WireValue: Sendable {
    case boolean(Bool)
    case int32(Int32)
    case uint64(UInt64)
    case string(String)
    /// `(ss)`
    case pair(String, String)
    /// `a{ss}`
    case names([(String, String)])
    /// `as`
    case strings([String])

    private var type: String {
        switch self {
        case .boolean: "b"
        case .int32: "i"
        case .uint64: "t"
        case .string: "s"
        case .pair: "(ss)"
        case .names: "a{ss}"
        case .strings: "as"
        }
    }

    private var bytes: [UInt8] {
        switch self {
        case .boolean(let value): [value ? 1 : 0]
        case .int32(let value): WireValue.littleEndian(value)
        case .uint64(let value): WireValue.littleEndian(value)
        case .string(let value): WireValue.text(value)
        case .pair(let first, let second): WireValue.textPair(first, second)
        case .names(let entries):
            WireValue.array(entries.map { WireValue.textPair($0.0, $0.1) }, alignment: 1)
        case .strings(let texts): WireValue.array(texts.map(WireValue.text), alignment: 1)
        }
    }

    /// A body, `a{sv}`.
    package static func body(_ entries: [(String, WireValue)]) -> [UInt8] {
        let parts = entries.map { key, value in
            var entry = text(key)
            let keyEnd = entry.count
            pad(&entry, to: 8)
            entry += value.bytes + [0] + Array(value.type.utf8)
            return framed(entry, ends: [keyEnd])
        }
        return array(parts, alignment: 8)
    }

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    private static func textPair(_ first: String, _ second: String) -> [UInt8] {
        framed(text(first) + text(second), ends: [first.utf8.count + 1])
    }

    private static func array(_ elements: [[UInt8]], alignment: Int) -> [UInt8] {
        var result: [UInt8] = []
        var ends: [Int] = []
        for element in elements {
            pad(&result, to: alignment)
            result += element
            ends.append(result.count)
        }
        return framed(result, ends: ends)
    }

    /// Appends the offsets, in the smallest width that can hold the whole size.
    private static func framed(_ content: [UInt8], ends: [Int]) -> [UInt8] {
        guard !ends.isEmpty else { return content }
        let width = [1, 2, 4].first { content.count + ends.count * $0 < 1 << (8 * $0) } ?? 4
        return content
            + ends.flatMap { end in (0..<width).map { UInt8(truncatingIfNeeded: end >> (8 * $0)) } }
    }

    private static func pad(_ bytes: inout [UInt8], to alignment: Int) {
        while bytes.count % alignment != 0 { bytes.append(0) }
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian, Array.init)
    }
}
