// SPDX-License-Identifier: Apache-2.0

/// How hard content is compressed that is not stored compressed.
public enum Compression: Sendable, Equatable {
    /// As fast as can be: about a quarter larger than zlib's usual level.
    case fast
    /// Fast, and about a tenth larger than zlib's usual level.
    case balanced
    /// As small as zlib's usual level.
    case small
    /// A level from 0, which stores, to 12, as libdeflate counts.
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

    /// The level of libdeflate, for content that is compressed whole.
    var wholeLevel: Int {
        switch self {
        case .fast, .balanced: 1
        case .small: 6
        case .level(let level): level
        }
    }

    /// How parts of large content are compressed, each for itself.
    enum PartMethod {
        /// By ISA-L.
        case fast(level: Int)
        /// By libdeflate.
        case small
    }

    var partMethod: PartMethod {
        switch self {
        case .fast: .fast(level: 1)
        case .balanced: .fast(level: 2)
        case .small, .level: .small
        }
    }
}
