// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// The kinds of requests, which stores charge for differently.
package enum RequestKind: String, Sendable, CaseIterable, Hashable {
    /// The content of an object.
    case get
    /// The attributes of an object.
    case head
    /// An object's creation or replacement.
    case put
    /// A page of keys.
    case list
    /// The removal of one object.
    case delete
    /// The removal of up to 1,000 objects.
    case deleteMany

    /// Indicates requests that change the bucket.
    package var isChange: Bool { [.put, .delete, .deleteMany].contains(self) }
}

/// The condition of a put.
package enum PutCondition: Equatable, Sendable {
    /// Replaces what is there.
    case none
    /// Creates an object where there is none (`If-None-Match: *`).
    case ifAbsent
    /// Replaces one version of the object and no other (`If-Match`).
    case ifMatch(ETag)
    /// The same, with an ETag in the given form, for `StoreProbe`.
    case ifMatchInForm(ETag, ETag.Form)
}

/// The body of a request.
package enum S3Body: Sendable {
    /// Bytes in memory.
    case bytes([UInt8])
    /// A part of a file, which is read when it is sent, perhaps more than once, and must not change meanwhile.
    case file(Descriptor, Range<UInt64>)

    /// The number of bytes.
    package var count: UInt64 {
        switch self {
        case .bytes(let bytes): UInt64(bytes.count)
        case .file(_, let range): UInt64(range.count)
        }
    }
}

/// A request to a bucket, not yet signed.
struct S3Request: Sendable {
    /// Receives a part of an object's content with its offset in the object.
    typealias Sink = @Sendable (_ offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws -> Void

    let kind: RequestKind
    /// The key; nil where the request is for the bucket.
    var key: String?
    /// Parameters in their order of names, which signatures want.
    var query: [(name: String, value: String)] = []
    var headers: [String] = []
    var body: S3Body?
    var condition = PutCondition.none
    /// Allows another attempt after one that may have had its effect.
    var mayRepeat = true
    /// The part of the object that is wanted; nil for all.
    var range: Range<UInt64>?
    /// The most bytes of an answer that is kept in memory.
    var limit = 0
    /// Takes the content in place of memory.
    var sink: Sink?
    /// The name of metadata that the answer is to tell.
    var metadata: String?

    var method: String {
        switch kind {
        case .get, .list: "GET"
        case .head: "HEAD"
        case .put: "PUT"
        case .delete: "DELETE"
        case .deleteMany: "POST"
        }
    }

    /// The verb in messages.
    var action: String {
        switch kind {
        case .get, .head: "read"
        case .list: "list"
        case .put: "write"
        case .delete, .deleteMany: "remove"
        }
    }
}

/// The answer of a store to a request that reached it.
struct S3Response: Sendable {
    let status: Int
    let attributes: ObjectAttributes
    let body: [UInt8]
    /// Indicates that an earlier attempt may have had its effect, since its answer was lost or said nothing about that.
    let isRepeated: Bool
}
