// SPDX-License-Identifier: Apache-2.0

/// A request, reduced to the headers that change the response.
public struct Request: Sendable {
    /// The method, for example `GET`.
    public var method: String
    /// The request target as received: a path with an optional query, or a URL.
    public var target: String
    /// The `Host` header: a host with an optional port.
    public var host: String?
    /// The conditional and range headers.
    public var conditions = ConditionalHeaders()
    /// Indicates that the request has a body.
    public var hasBody = false
    /// Indicates that the request comes from this machine, and not through a proxy.
    public var isLocal = false

    /// Creates a request without headers.
    public init(_ method: String, _ target: String) {
        (self.method, self.target) = (method, target)
    }
}
