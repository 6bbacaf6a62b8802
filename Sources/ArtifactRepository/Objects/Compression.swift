// SPDX-License-Identifier: Apache-2.0

/// The effort spent on compressing content that is not stored compressed.
public enum Compression: Sendable, Equatable {
    /// Fastest: about a quarter larger than zlib's default level.
    case fast
    /// Fast: about a tenth larger than zlib's default level.
    case balanced
    /// As small as zlib's default level.
    case small
    /// A level of libdeflate, from 0 (stored) to 12.
    case level(Int)

    /// Reads `fast`, `balanced`, `small` or a level from 0 to 12.
    public init?(name: String) {
        switch name {
        case "fast": self = .fast
        case "balanced": self = .balanced
        case "small": self = .small
        default:
            guard let level = Int(name), (0...12).contains(level) else { return nil }
            self = .level(level)
        }
    }

    /// The libdeflate level for content that is compressed in one piece.
    var wholeLevel: Int {
        switch self {
        case .fast, .balanced: 1
        case .small: 6
        case .level(let level): level
        }
    }

    /// The level of ISA-L for independent parts of large content; nil for libdeflate at `wholeLevel`.
    var partLevel: Int32? {
        switch self {
        case .fast: 1
        case .balanced: 2
        case .small, .level: nil
        }
    }
}
