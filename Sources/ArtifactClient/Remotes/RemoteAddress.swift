// SPDX-License-Identifier: Apache-2.0

/// Where an artifact cache is, as a person writes it on the command line or in `buildstream.conf`.
///
/// | written | means |
/// |---|---|
/// | `ssh://[USER@]HOST[:PORT]/PATH` | `/PATH` on HOST; `/~/PATH` is relative to the home directory there |
/// | `[USER@]HOST:PATH` | the form of scp: relative to the home directory unless PATH begins with `/` |
/// | `https://…`, `http://…` | the repository at that URL, for pulling only |
/// | `file:///PATH`, `/PATH` | a directory of this machine |
///
/// Nothing is looked up or started here. What could be mistaken for an option by a program that is given the
/// address (a host, user or path that begins with `-`), and control characters, however they are spelt, never
/// become part of a `RemoteAddress`.
public enum RemoteAddress: Hashable, Sendable {
    /// A repository behind ssh, where a receiver is started.
    case ssh(SSHAddress)
    /// A repository that a web server publishes.
    case web(WebAddress)
    /// A repository on this machine.
    case local(LocalAddress)

    /// Reads an address as a person wrote it.
    ///
    /// Throws `RemoteAddressError` where `text` is none of the accepted forms, or is one that must not be used.
    public init(parsing text: String) throws(RemoteAddressError) {
        do {
            self = try Self.parse(text)
        } catch {
            throw RemoteAddressError(remote: AddressText.withoutCredentials(text), fault: error)
        }
    }

    /// Whether it is reached with ssh.
    public var isSSH: Bool {
        if case .ssh = self { true } else { false }
    }

    private static func parse(_ text: String) throws(AddressFault) -> RemoteAddress {
        let bytes = ArraySlice(text.utf8)
        guard let first = bytes.first else {
            throw AddressFault("it is empty", remedy: acceptedForms)
        }
        try AddressText.refuseControlCharacters(in: text, of: "it")
        guard first != UInt8(ascii: "-") else {
            throw AddressFault("it begins with '-', as an option does", remedy: acceptedForms)
        }
        if let (scheme, rest) = AddressText.splitScheme(bytes) {
            switch scheme {
            case "ssh": return .ssh(try SSHAddress(afterScheme: rest))
            case "https": return .web(try WebAddress(url: text, afterScheme: rest, isEncrypted: true))
            case "http": return .web(try WebAddress(url: text, afterScheme: rest, isEncrypted: false))
            case "file": return .local(try LocalAddress(afterScheme: rest))
            default: throw AddressFault("its scheme is not one of ours", remedy: acceptedForms)
            }
        }
        if first == UInt8(ascii: "/") {
            return .local(LocalAddress(path: text, spelling: .path))
        }
        if let (host, path) = SSHAddress.splitSCPForm(bytes) {
            return .ssh(try SSHAddress(scpHost: host, path: path))
        }
        throw AddressFault("it is neither a URL, nor HOST:PATH, nor an absolute path", remedy: acceptedForms)
    }

    private static let acceptedForms =
        "write ssh://[USER@]HOST[:PORT]/PATH, [USER@]HOST:PATH, https://HOST/PATH, http://HOST/PATH, "
        + "file:///PATH or an absolute path"
}

extension RemoteAddress: CustomStringConvertible {
    /// The address for messages and logs, always without credentials.
    public var description: String {
        switch self {
        case .ssh(let address): address.description
        case .web(let address): address.description
        case .local(let address): address.description
        }
    }
}
