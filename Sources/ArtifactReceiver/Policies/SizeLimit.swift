// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// A store that takes objects and pushes up to a certain size, in the form in which they travel.
public final class SizeLimit: StoreDecorator {
    /// The store behind.
    public let inner: any ArtifactStore
    private let maximumObject: UInt64
    private let maximumPush: UInt64

    /// Limits what `inner` takes.
    ///
    /// - Parameters:
    ///   - inner: the store behind.
    ///   - maximumObject: the most bytes of one object; nil for any number.
    ///   - maximumPush: the most bytes of all objects of one push that the store does not have; nil for any number.
    public init(_ inner: any ArtifactStore, maximumObject: UInt64?, maximumPush: UInt64?) {
        self.inner = inner
        self.maximumObject = maximumObject ?? .max
        self.maximumPush = maximumPush ?? .max
    }

    /// Makes a place for new objects that keeps to the limits.
    public func makeQuarantine(_ purpose: QuarantinePurpose) throws -> any Quarantine {
        LimitedQuarantine(
            try inner.makeQuarantine(purpose), maximumObject: maximumObject,
            remaining: maximumPush)
    }
}

private final class LimitedQuarantine: QuarantineDecorator {
    let inner: any Quarantine
    private let maximumObject: UInt64
    private var remaining: UInt64

    init(_ inner: any Quarantine, maximumObject: UInt64, remaining: UInt64) {
        self.inner = inner
        self.maximumObject = maximumObject
        self.remaining = remaining
    }

    func receive(_ name: ObjectName, size: UInt64?) throws -> (any IncomingObject)? {
        guard let object = try inner.receive(name, size: size) else { return nil }
        // Both protocol versions tell the size before the first byte, and send just that.
        let size = size ?? 0
        guard size <= maximumObject else {
            throw RepositoryError(
                .notAllowed,
                "object \(name) has \(size) bytes, and this cache takes objects of at most \(maximumObject)")
        }
        guard size <= remaining else {
            throw RepositoryError(
                .notAllowed,
                "the push is larger than this cache takes at once: push fewer refs at a time, or ask its "
                    + "administrator for more")
        }
        remaining -= size
        return object
    }
}
