// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A repository on a machine that is reached with ssh.
public struct SSHAddress: Hashable, Sendable {
    /// The user to log in as; nil leaves it to ssh and its configuration.
    public let user: String?
    /// A host name, an alias of `~/.ssh/config`, or an IP address (IPv6 without brackets).
    public let host: String
    /// The port; nil leaves it to ssh and its configuration.
    public internal(set) var port: UInt16?
    /// The repository's path on that machine: absolute, or relative to the home directory there. Not encoded,
    /// not quoted for a shell.
    public let path: String

    /// True if `path` is relative to the user's home directory on the far side.
    public var isHomeRelative: Bool { path.utf8.first != UInt8(ascii: "/") }

    /// Parses `ssh://[USER@]HOST[:PORT]/PATH`.
    init(_ url: SplitURL) throws(RemoteAddressError) {
        try url.refuseQuery()
        let authority = try URLAuthority(parsing: url.authority)
        user = try authority.userInfo.map { (userInfo) throws(RemoteAddressError) in
            guard !userInfo.contains(UInt8(ascii: ":")) else {
                throw RemoteAddressError(
                    "it holds a password, which ssh does not take from a URL",
                    remedy: "remove it and give ssh a key or an agent")
            }
            return try Self.user(SplitURL.decode(userInfo, of: "its user"))
        }
        host = authority.host
        port = authority.port
        path = try Self.path(SplitURL.decode(url.path, of: "its path"), afterHome: "/~/")
    }

    /// Parses `[USER@]HOST:PATH`, as scp and git know it; nil where no colon precedes the first slash, outside of
    /// brackets.
    init?(scpForm text: String) throws(RemoteAddressError) {
        var isInBrackets = false
        let userAndHost = ArraySlice(text.utf8).prefix { byte in
            if "[]".utf8.contains(byte) { isInBrackets = byte == UInt8(ascii: "[") }
            return byte != UInt8(ascii: "/") && (byte != UInt8(ascii: ":") || isInBrackets)
        }
        let rest = text.utf8.dropFirst(userAndHost.count)
        guard rest.first == UInt8(ascii: ":") else { return nil }

        if let at = userAndHost.lastIndex(of: UInt8(ascii: "@")) {
            user = try Self.user(String(decoding: userAndHost[..<at], as: UTF8.self))
            host = try URLAuthority.host(userAndHost[(at + 1)...])
        } else {
            user = nil
            host = try URLAuthority.host(userAndHost)
            if ["ssh", "http", "https", "file"].contains(host.lowercased()) {
                throw RemoteAddressError(
                    "it looks like a URL that lacks '//'", remedy: "write \(host.lowercased())://...")
            }
        }
        if rest.starts(with: "::".utf8) {
            throw RemoteAddressError(
                "its host and path cannot be told apart",
                remedy: "write an IPv6 address in brackets, as in [::1]:PATH")
        }
        path = try Self.path(String(decoding: rest.dropFirst(), as: UTF8.self), afterHome: "~/")
    }

    private static func user(_ user: String) throws(RemoteAddressError) -> String {
        try URLAuthority.checkWord(user, of: "its user")
        if user.utf8.last == UInt8(ascii: "\\") {
            throw RemoteAddressError("its user ends in a backslash", remedy: "remove it")
        }
        return user
    }

    /// Removes the prefix that means the home directory, and refuses a path that is empty or looks like an option.
    private static func path(
        _ text: String, afterHome homePrefix: String
    ) throws(RemoteAddressError) -> String {
        var path = ArraySlice(text.utf8)
        if path.starts(with: homePrefix.utf8) {
            path = path.dropFirst(homePrefix.utf8.count).drop { $0 == UInt8(ascii: "/") }
        } else if path.elementsEqual(homePrefix.utf8.dropLast())
            || path.allSatisfy({ $0 == UInt8(ascii: "/") })
        {
            path = []
        }
        guard let first = path.first else {
            throw RemoteAddressError(
                "its path is empty", remedy: "name the repository's directory on that host")
        }
        guard first != UInt8(ascii: "-") else {
            throw RemoteAddressError(
                "its path begins with '-', as an option does",
                remedy: "write an absolute path, or ./ before it")
        }
        return String(decoding: path, as: UTF8.self)
    }
}

extension SSHAddress: CustomStringConvertible {
    /// The address as a URL, whichever form it was read from.
    public var description: String {
        let userPart = user.map { SplitURL.encode($0) + "@" } ?? ""
        let isIPv6 = host.utf8.contains(UInt8(ascii: ":"))
        let hostPart = isIPv6 ? "[" + SplitURL.encode(host) + "]" : host.forDisplay()
        let portPart = port.map { ":\($0)" } ?? ""
        let pathPart = (isHomeRelative ? "/~/" : "") + SplitURL.encode(path)
        return "ssh://" + userPart + hostPart + portPart + pathPart
    }
}
