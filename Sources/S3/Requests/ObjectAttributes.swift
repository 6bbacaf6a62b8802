// SPDX-License-Identifier: Apache-2.0

/// The attributes of an object.
package struct ObjectAttributes: Equatable, Sendable {
    /// The name of its content; nil where the store gives none.
    package var etag: ETag?
    /// Its size in bytes, also where a part was asked for; nil where the store does not say.
    package var size: UInt64?
    /// The time of its last change by the store's clock, in seconds since 1970; nil where the store does not say.
    package var modified: Int?
    /// The value of the metadata that the request has asked for; nil where the object has none of that name.
    package var metadata: String?
}

/// A value that is kept with an object, as a header (`x-amz-meta-NAME`).
package struct ObjectMetadata: Equatable, Sendable {
    /// The name, in lower case.
    package let name: String
    /// The value.
    package let value: String

    /// Describes a value.
    package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }

    static func header(_ name: String) -> String { "x-amz-meta-\(name)" }
}

/// An object with its content, or a part of it.
package struct S3Object: Equatable, Sendable {
    /// The content.
    package let bytes: [UInt8]
    /// The attributes.
    package let attributes: ObjectAttributes
}

/// The result of a request for one object.
package enum Lookup<Found: Sendable>: Sendable {
    /// It is there.
    case found(Found)
    /// There is no such key.
    case notFound

    /// The object or its attributes; nil if there is no such key.
    package var found: Found? {
        guard case .found(let found) = self else { return nil }
        return found
    }
}

extension Lookup: Equatable where Found: Equatable {}

/// The result of a put.
package enum PutResult: Equatable, Sendable {
    /// It is stored, with this ETag, where the store says one.
    case stored(ETag?)
    /// The condition does not hold, and nothing was changed.
    case preconditionFailed
    /// The condition does not hold now, but did perhaps for an earlier attempt whose answer was lost: the object that
    /// is there may be the one of this put. `S3Client.createOrRead` finds out.
    case unknown
}

/// An object that could not be removed.
package struct DeleteFailure: Equatable, Sendable {
    /// The key.
    package let key: String
    /// The store's code, such as `AccessDenied`.
    package let code: String
}
