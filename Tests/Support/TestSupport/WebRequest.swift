// SPDX-License-Identifier: Apache-2.0

/// A request as ``WebServer`` logged it.
public struct WebRequest: Sendable, Equatable {
    /// The method, such as `GET`.
    public let method: String
    /// The path as it was asked for, with its query.
    public let path: String
    /// The status of the answer.
    public let status: Int
    /// The bytes of the answer's body that were sent.
    public let bytes: Int
    /// The protocol, `HTTP/2.0` or `HTTP/1.1`.
    public let httpVersion: String
    /// A number that requests over the same connection share.
    public let connection: Int
    /// The `Range` header, or `-`.
    public let range: String

    /// The format in nginx's language of the lines that ``init(line:)`` reads.
    static let logFormat =
        "$request_method $request_uri $status $body_bytes_sent $server_protocol $connection $http_range"

    init?(line: Substring) {
        let fields = line.split(separator: " ", maxSplits: 6)
        guard fields.count == 7, let status = Int(fields[2]), let bytes = Int(fields[3]),
            let connection = Int(fields[5])
        else { return nil }
        method = String(fields[0])
        path = String(fields[1])
        self.status = status
        self.bytes = bytes
        httpVersion = String(fields[4])
        self.connection = connection
        range = String(fields[6])
    }
}
