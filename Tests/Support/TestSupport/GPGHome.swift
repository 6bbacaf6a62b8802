// SPDX-License-Identifier: Apache-2.0
import Glibc

/// GnuPG with keys of its own, which are made for a test and go with it.
public final class GPGHome: Sendable {
    /// A moment long ago at which keys can be made that have expired since.
    public static let past = "20200101T000000"

    private let directory: TemporaryDirectory
    /// GnuPG's directory: the value of `GNUPGHOME`.
    public let path: String

    /// Makes a directory without keys.
    public init() throws {
        directory = try TemporaryDirectory()
        path = try directory.makeDirectory("gnupg")
        chmod(path, 0o700)
    }

    /// Makes a copy of another home.
    init(_ pattern: DirectoryPattern) throws {
        directory = try TemporaryDirectory()
        try pattern.copy(to: directory.path)
        path = directory.path("gnupg")
    }

    /// A home that is filled once in a run, with a keyring of its public keys.
    static func pattern(_ fill: @escaping @Sendable (GPGHome) throws -> Void) -> DirectoryPattern {
        DirectoryPattern { directory in
            let home = try GPGHome()
            try fill(home)
            try home.export()
            home.stopAgent()
            try run(["cp", "-a", "\(home.directory.path)/.", directory.path]).checked()
        }
    }

    deinit {
        stopAgent()
    }

    /// Stops the agent, which gpg starts; it would live on until it misses its socket.
    private func stopAgent() {
        _ = try? run(["gpgconf", "--kill", "gpg-agent"], environment: environment)
    }

    /// The environment that makes programs use this directory.
    public var environment: [String: String?] { ["GNUPGHOME": path] }

    /// Runs gpg.
    @discardableResult
    public func gpg(_ arguments: [String], input: ProcessInput = .none) throws -> [UInt8] {
        let options = ["--batch", "--no-tty", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"]
        return try run(["gpg"] + options + arguments, input: input, environment: environment).checked().output
    }

    /// Makes a key that can sign.
    ///
    /// - Parameters:
    ///   - isOld: True if it is made in the ``past``.
    ///   - lifetime: The time until it expires, as gpg takes it.
    public func makeKey(_ user: String, isOld: Bool = false, lifetime: String = "never") throws {
        try gpg(GPGHome.time(isOld) + ["--quick-generate-key", user, "ed25519", "sign", lifetime])
    }

    /// A detached signature.
    public func signature(
        of bytes: [UInt8], by user: String, isOld: Bool = false, _ options: [String] = []
    ) throws -> [UInt8] {
        try gpg(
            GPGHome.time(isOld) + options + ["--local-user", user, "--detach-sign"], input: .bytes(bytes))
    }

    /// The time stands still at `past`: a signature must not be older than its key.
    private static func time(_ isOld: Bool) -> [String] { isOld ? ["--faked-system-time", "\(past)!"] : [] }

    /// The certificate that revokes a key, which was made together with it.
    public func revocation(of user: String) throws -> String {
        let listing = String(decoding: try gpg(["--with-colons", "--list-keys", user]), as: UTF8.self)
        guard let line = listing.split(separator: "\n").first(where: { $0.hasPrefix("fpr:") }),
            let fingerprint = line.split(separator: ":").last
        else { throw TestSupportError("gpg lists no key of \(user): \(listing)") }
        // A colon keeps it from being imported by mistake.
        return try text(ofFile: "\(path)/openpgp-revocs.d/\(fingerprint).rev")
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(":") ? $0.dropFirst() : $0 }.joined(separator: "\n")
    }

    /// The file with the public keys that ``export(_:to:_:)`` writes unless it is told otherwise.
    var keyring: String { directory.path("keyring.gpg") }

    /// Writes public keys, of all users if none are named, into a file, which may be there already.
    ///
    /// - Returns: the file's path.
    @discardableResult
    public func export(_ users: [String] = [], to name: String = "keyring.gpg", _ options: [String] = [])
        throws
        -> String
    {
        try directory.file(name, try gpg(options + ["--export"] + users))
    }
}
