// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import SystemCalls

/// A response to a request, without the headers that say how its body travels.
public struct Response: Sendable {
    /// The content of a response.
    public enum Body: Sendable {
        /// No content.
        case none
        /// Content in memory.
        case bytes([UInt8])
        /// `count` bytes of a file, beginning at `offset`.
        case file(Descriptor, offset: UInt64, count: UInt64)
        /// Objects, whose total size is not known.
        case objects(ObjectStream)
    }

    /// The status code, for example 200.
    public var status: UInt32
    /// Names and values of headers.
    public var headers: [(name: String, value: String)]
    /// The content.
    public var body: Body

    init(_ status: UInt32, headers: [(String, String)], body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Returns one line of plain text.
    static func text(_ status: UInt32, _ text: String, headers: [(String, String)] = []) -> Response {
        Response(
            status, headers: headers + [("Content-Type", "text/plain; charset=utf-8")],
            body: .bytes(Array("\(text)\n".utf8)))
    }

    /// The response to a name that does not exist or is not served.
    static let notFound = Response.text(404, "There is no such thing here.")

    /// Returns the response to a range that begins behind the end of the content.
    static func unsatisfiable(size: UInt64) -> Response {
        .text(416, "It has \(size) bytes.", headers: [("Content-Range", "bytes */\(size)")])
    }

    /// Returns content in memory, tagged with its hash, or 304 if the client has it already.
    static func generated(
        _ bytes: [UInt8], type: String, for request: Request, headers: [(String, String)] = []
    ) -> Response {
        let tag = "\"\(Digest(of: bytes).finish().hex.prefix(32))\""
        let headers = headers + [("ETag", tag), ("Cache-Control", "no-cache"), ("Content-Type", type)]
        if request.conditions.isUnchanged(tag: tag, modified: nil) {
            return Response(304, headers: headers, body: .none)
        }
        return Response(200, headers: headers, body: .bytes(bytes))
    }

    /// The size of the body in bytes.
    public var bodyCount: UInt64 {
        switch body {
        case .none: 0
        case .bytes(let bytes): UInt64(bytes.count)
        case .file(_, _, let count): count
        case .objects: 0
        }
    }
}
