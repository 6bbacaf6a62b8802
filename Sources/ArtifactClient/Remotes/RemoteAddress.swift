// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The address of an artifact cache, as written on the command line or in `buildstream.conf`.
///
/// | written | means |
/// |---|---|
/// | `ssh://[USER@]HOST[:PORT]/PATH` | `/PATH` on HOST; `/~/PATH` is relative to the home directory there |
/// | `[USER@]HOST:PATH` | the form of scp: relative to the home directory unless PATH begins with `/` |
/// | `https://…`, `http://…` | the repository at that URL, for pulling only |
/// | `file:///PATH`, `/PATH` | a directory of this machine |
/// | `s3://BUCKET/PREFIX` | a cache in an object store, with the settings of the AWS tools |
///
/// Parsing looks nothing up and starts nothing. A host, user or path that begins with `-`, which a program could take
/// for an option, is refused, as are control characters, percent-encoded ones too.
public enum RemoteAddress: Hashable, Sendable {
    /// A repository behind ssh, where a receiver is started.
    case ssh(SSHAddress)
    /// A repository that a web server publishes.
    case web(WebAddress)
    /// A repository on this machine.
    case local(LocalAddress)
    /// A cache in a bucket of an object store.
    case bucket(BucketAddress)

    /// Parses an address.
    ///
    /// Throws `RemoteAddressError` where `text` has none of the accepted forms, or is one that must not be used.
    public init(parsing text: String) throws(RemoteAddressError) {
        do {
            self = try Self.parse(text)
        } catch {
            var error = error
            error.remote = Self.withoutCredentials(text)
            throw error
        }
    }

    /// True if it is reached with ssh.
    public var isSSH: Bool {
        if case .ssh = self { true } else { false }
    }

    private static func parse(_ text: String) throws(RemoteAddressError) -> RemoteAddress {
        guard let first = text.utf8.first else {
            throw RemoteAddressError("it is empty", remedy: acceptedForms)
        }
        try SplitURL.refuseControlCharacters(in: text, of: "it")
        guard first != UInt8(ascii: "-") else {
            throw RemoteAddressError("it begins with '-', as an option does", remedy: acceptedForms)
        }
        if let url = SplitURL(text) {
            switch url.scheme {
            case "ssh": return .ssh(try SSHAddress(url))
            case "https", "http": return .web(try WebAddress(url, text: text))
            case "file": return .local(try LocalAddress(url))
            case "s3": return .bucket(try BucketAddress(text))
            default: throw RemoteAddressError("its scheme is not one of ours", remedy: acceptedForms)
            }
        }
        if first == UInt8(ascii: "/") {
            return .local(LocalAddress(path: text, spelling: .path))
        }
        if let address = try SSHAddress(scpForm: text) {
            return .ssh(address)
        }
        throw RemoteAddressError(
            "it is neither a URL, nor HOST:PATH, nor an absolute path", remedy: acceptedForms)
    }

    /// The text for a message: what precedes the last `@` is left out where it may hold a password, even in text that
    /// is no valid address. Only a `USER@` of the ssh forms stays.
    private static func withoutCredentials(_ text: String) -> String {
        let scheme = SplitURL(text)?.scheme
        let rest = text.utf8.dropFirst(scheme.map { $0.utf8.count + 3 } ?? 0)
        let beforeFirstAt = rest.prefix { $0 != UInt8(ascii: "@") }
        let isUserOfWeb = scheme != nil && scheme != "ssh" && !beforeFirstAt.contains(UInt8(ascii: "/"))
        guard isUserOfWeb || beforeFirstAt.contains(UInt8(ascii: ":")),
            let lastAt = rest.lastIndex(of: UInt8(ascii: "@"))
        else { return text.forDisplay() }
        let visible = String(decoding: rest[lastAt...].dropFirst(), as: UTF8.self)
        return ((scheme.map { $0 + "://" } ?? "") + visible).forDisplay()
    }

    private static let acceptedForms =
        "write ssh://[USER@]HOST[:PORT]/PATH, [USER@]HOST:PATH, https://HOST/PATH, http://HOST/PATH, "
        + "s3://BUCKET/PREFIX, file:///PATH or an absolute path"
}

extension RemoteAddress: CustomStringConvertible {
    /// The address for messages and logs, always without credentials.
    public var description: String {
        switch self {
        case .ssh(let address): address.description
        case .web(let address): address.description
        case .local(let address): address.description
        case .bucket(let address): address.description
        }
    }
}

/// A remote that cannot be used as it is written, found before anything was started or connected.
public struct RemoteAddressError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The remote as it was written, without credentials and with control characters escaped.
    public internal(set) var remote = ""
    /// The mistake; continues "cannot use this remote: …".
    public let cause: String
    /// The correction to make.
    public let remedy: String

    /// One sentence for a person.
    public var description: String {
        "cannot use the remote '\(remote)': \(cause); \(remedy)"
    }

    init(_ cause: String, remedy: String) {
        self.cause = cause
        self.remedy = remedy
    }
}
