// SPDX-License-Identifier: Apache-2.0

/// A repository on a machine that is reached with ssh.
public struct SSHAddress: Hashable, Sendable {
    /// The user to log in as; nil leaves it to ssh and its configuration.
    public let user: String?
    /// A host name, an alias of `~/.ssh/config`, or an IP address (IPv6 without brackets).
    public let host: String
    /// The port; nil leaves it to ssh and its configuration.
    public let port: UInt16?
    /// The repository's path on that machine: absolute, or relative to the home directory there. Not encoded,
    /// not quoted for a shell.
    public let path: String

    /// Whether `path` is relative to the user's home directory on the far side.
    public var isHomeRelative: Bool { path.utf8.first != UInt8(ascii: "/") }

    /// The same address with a port.
    func withPort(_ port: UInt16) -> SSHAddress {
        SSHAddress(user: user, host: host, port: port, path: path)
    }

    private init(user: String?, host: String, port: UInt16?, path: String) {
        self.user = user
        self.host = host
        self.port = port
        self.path = path
    }
}

// MARK: ssh://[USER@]HOST[:PORT]/PATH

extension SSHAddress {
    /// Reads what follows `ssh://`.
    init(afterScheme rest: ArraySlice<UInt8>) throws(AddressFault) {
        let (authorityBytes, pathBytes) = try AddressText.splitPath(rest)
        let authority = try AddressAuthority(parsing: authorityBytes)
        if let userInfo = authority.userInfo {
            if userInfo.contains(UInt8(ascii: ":")) {
                throw AddressFault(
                    "it holds a password, which ssh does not take from a URL",
                    remedy: "remove it and give ssh a key or an agent")
            }
            user = try Self.user(AddressText.percentDecoded(userInfo, of: "its user"))
        } else {
            user = nil
        }
        host = authority.host
        port = authority.port
        path = try Self.path(AddressText.percentDecoded(pathBytes, of: "its path"), afterHome: "/~/")
    }
}

// MARK: [USER@]HOST:PATH

extension SSHAddress {
    /// Splits at the first colon that stands before any slash and outside brackets; nil where there is none.
    static func splitSCPForm(
        _ bytes: ArraySlice<UInt8>
    ) -> (host: ArraySlice<UInt8>, path: ArraySlice<UInt8>)? {
        var isInBrackets = false
        for (index, byte) in zip(bytes.indices, bytes) {
            switch byte {
            case UInt8(ascii: "["): isInBrackets = true
            case UInt8(ascii: "]"): isInBrackets = false
            case UInt8(ascii: "/"): return nil
            case UInt8(ascii: ":") where !isInBrackets: return (bytes[..<index], bytes[(index + 1)...])
            default: break
            }
        }
        return nil
    }

    /// Reads the two halves of the form that scp and git know.
    init(scpHost userAndHost: ArraySlice<UInt8>, path pathBytes: ArraySlice<UInt8>) throws(AddressFault) {
        if let at = userAndHost.lastIndex(of: UInt8(ascii: "@")) {
            user = try Self.user(String(decoding: userAndHost[..<at], as: UTF8.self))
            host = try AddressAuthority.host(userAndHost[(at + 1)...])
        } else {
            user = nil
            host = try AddressAuthority.host(userAndHost)
            if ["ssh", "http", "https", "file"].contains(host.lowercased()) {
                throw AddressFault(
                    "it looks like a URL that lacks '//'", remedy: "write \(host.lowercased())://...")
            }
        }
        if pathBytes.first == UInt8(ascii: ":") {
            throw AddressFault(
                "its host and path cannot be told apart",
                remedy: "write an IPv6 address in brackets, as in [::1]:PATH")
        }
        port = nil
        path = try Self.path(String(decoding: pathBytes, as: UTF8.self), afterHome: "~/")
    }
}

// MARK: What both forms check

extension SSHAddress {
    private static func user(_ user: String) throws(AddressFault) -> String {
        try AddressAuthority.checkWord(user, of: "its user")
        if user.utf8.last == UInt8(ascii: "\\") {
            throw AddressFault("its user ends in a backslash", remedy: "remove it")
        }
        return user
    }

    /// Removes the prefix that means the home directory, and refuses what names nothing or looks like an option.
    private static func path(_ text: String, afterHome homePrefix: String) throws(AddressFault) -> String {
        var path = ArraySlice(text.utf8)
        if path.starts(with: homePrefix.utf8) {
            path = path.dropFirst(homePrefix.utf8.count).drop { $0 == UInt8(ascii: "/") }
        } else if path.elementsEqual(homePrefix.utf8.dropLast())
            || path.allSatisfy({ $0 == UInt8(ascii: "/") })
        {
            path = []
        }
        guard let first = path.first else {
            throw AddressFault("its path is empty", remedy: "name the repository's directory on that host")
        }
        guard first != UInt8(ascii: "-") else {
            throw AddressFault(
                "its path begins with '-', as an option does",
                remedy: "write an absolute path, or ./ before it")
        }
        return String(decoding: path, as: UTF8.self)
    }
}

extension SSHAddress: CustomStringConvertible {
    /// The address as a URL, whichever form it was read from.
    public var description: String {
        let userPart = user.map { AddressText.percentEncoded($0) + "@" } ?? ""
        let isIPv6 = host.utf8.contains(UInt8(ascii: ":"))
        let hostPart = isIPv6 ? "[" + AddressText.percentEncoded(host) + "]" : Quotation.escaped(host)
        let portPart = port.map { ":\($0)" } ?? ""
        let pathPart = (isHomeRelative ? "/~/" : "") + AddressText.percentEncoded(path)
        return "ssh://" + userPart + hostPart + portPart + pathPart
    }
}
