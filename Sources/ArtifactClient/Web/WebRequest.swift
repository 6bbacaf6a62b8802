// SPDX-License-Identifier: Apache-2.0

/// Something to fetch from a remote, and the receiver of its bytes.
protocol WebRequest: AnyObject {
    /// The path below the remote's URL, without a leading slash.
    var path: String { get }
    /// Takes status 403 for absence: object stores answer so where we may not list.
    var isOptional: Bool { get }
    /// Asks each mirror before the remote is taken to lack it.
    var isSoughtEverywhere: Bool { get }
    /// Asks any mirror, since the path names the content. Otherwise all such requests go to the same one.
    var isContentAddressed: Bool { get }
    /// The only mirror to ask; nil for any.
    var mirror: Int? { get }
    /// Asks the remote's other place for files and static deltas, if it has one.
    var isContent: Bool { get }
    /// Takes any failure for absence.
    var isDispensable: Bool { get }

    /// The body of a POST; nil for a GET.
    var body: [UInt8]? { get }
    /// The number of bytes that are here of its beginning, from an earlier run.
    var fragmentSize: UInt64 { get }

    /// Notes the mirror that all bytes came from, before the end. Called where there are several.
    func note(source mirror: Int)
    /// Prepares for the first byte; called again when an attempt starts over.
    func begin(_ body: WebBody) throws
    func receive(_ bytes: UnsafeRawBufferPointer) throws
    /// Ends the request. Throwing `RetryableError` asks for another attempt.
    func end(_ result: WebResult) throws
}

extension WebRequest {
    var isOptional: Bool { false }
    var isSoughtEverywhere: Bool { !isOptional }
    var mirror: Int? { nil }
    var isContent: Bool { false }
    var isDispensable: Bool { mirror != nil }
    var isContentAddressed: Bool { false }
    var body: [UInt8]? { nil }
    var fragmentSize: UInt64 { 0 }
    func note(source mirror: Int) {}
}

/// The part of a file that a server sends.
struct WebBody {
    /// The number of bytes before it; 0, or the request's `fragmentSize`.
    var offset: UInt64
    /// The size of the whole file in bytes; nil where the server does not say.
    var size: UInt64?
    /// Indicates that the server gives many objects at once.
    var givesObjects = false
    /// Indicates that the server has static deltas to a commit among the requested objects.
    var hasDeltas = false
}

enum WebResult {
    /// All bytes were received.
    case complete
    /// The remote does not have it.
    case absent
}

/// Wrong content that another attempt may replace.
struct RetryableError: Error {
    let reason: any Error
}
