// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Limits the sizes of objects and pushes, in the form in which they travel.
public struct SizeLimit: ReceivePolicy {
    private let maximumObject: UInt64
    private var remaining: UInt64

    /// Makes a limit for one push.
    ///
    /// - Parameters:
    ///   - maximumObject: the most bytes of one object; nil for any number.
    ///   - maximumPush: the most bytes of all objects of the push that the store lacks; nil for any number.
    public init(maximumObject: UInt64?, maximumPush: UInt64?) {
        self.maximumObject = maximumObject ?? .max
        remaining = maximumPush ?? .max
    }

    /// False: sizes are known before objects.
    public var decidesAtPublication: Bool { false }

    /// Refuses what is too large. Both versions of the protocol tell the size before the first byte, and send just that.
    ///
    /// - Throws: `RepositoryError` with `notAllowed`.
    public mutating func admit(_ object: ObjectName, size: UInt64?) throws {
        guard let size else { return }
        try admitBytes(size, of: object, total: size)
    }

    /// Refuses what becomes too large.
    ///
    /// - Throws: `RepositoryError` with `notAllowed`.
    public mutating func admitBytes(_ count: UInt64, of object: ObjectName, total: UInt64) throws {
        guard total <= maximumObject else {
            throw RepositoryError(
                .notAllowed,
                "object \(object) has \(total) bytes, and this cache takes objects of at most \(maximumObject)"
            )
        }
        guard count <= remaining else {
            throw RepositoryError(
                .notAllowed,
                "the push is larger than this cache takes at once: push fewer refs at a time, or ask its "
                    + "administrator for more")
        }
        remaining -= count
    }
}
