// SPDX-License-Identifier: Apache-2.0

/// What a client asks for, as far as it matters here.
public struct Request: Sendable {
    /// `GET`, `HEAD` or whatever it says.
    public var method: String
    /// The target as it came: a path, perhaps with a query, or a whole URL.
    public var target: String
    /// The host that it names, with a port perhaps.
    public var host: String?
    /// What it has already, and what part it wants.
    public var conditions = Conditions()
    /// Whether it sends a body.
    public var hasBody = false
    /// Whether it comes from this machine itself, and no proxy says that it passes on somebody else's.
    public var isLocal = false

    /// A request without headers.
    public init(_ method: String, _ target: String) {
        (self.method, self.target) = (method, target)
    }
}
