// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls
import Variants

/// A verifier of signatures made by `ostree gpg-sign` with a key of a keyring.
///
/// The signatures are in the detached metadata under `ostree.gpgsigs`, each an OpenPGP signature over the bytes of the
/// commit object. GnuPG's `gpgv` verifies them: it trusts only the keys of the given keyring, starts no agent and
/// writes nothing. libgpgme would start the full `gpg` for the same.
///
/// `gpgv` reads files, so keyring, commit and signatures are written into a temporary directory. `gpgv` needs to read
/// nothing else, except what every program needs to start.
public struct GPGVerifier: SignatureVerifier {
    private static let kind = SignatureKind(key: "ostree.gpgsigs", name: "GPG", remedy: "'ostree gpg-sign'")
    /// The maximum size of a signature in bytes; those of the largest keys have 2 KiB.
    private static let maximumSignatureSize = 16 << 10

    /// The key of GPG signatures.
    public var key: String { GPGVerifier.kind.key }
    private let keyrings: [OpenPGPKeyring]
    private let temporaryDirectory: String

    /// Reads a keyring, and checks that `gpgv` can be run.
    ///
    /// - Parameters:
    ///   - path: The path of public keys as `gpg --export` writes them, also with `--armor`, or of a keybox.
    ///   - temporaryDirectory: An existing directory for temporary files.
    /// - Throws: `RepositoryError` with `badSignature` if the keyring or `gpgv` cannot be used; `SystemError` if a file
    ///   cannot be read.
    public init(keyring path: String, temporaryDirectory: String) throws {
        try self.init(keyrings: [path], temporaryDirectory: temporaryDirectory)
    }

    /// Reads several keyrings, whose keys all count.
    init(keyrings paths: [String], temporaryDirectory: String) throws {
        keyrings = try paths.map { try OpenPGPKeyring($0) }
        // An absolute path: gpgv interprets a leading '-' or '~', and looks for plain names in its home directory.
        guard let resolved = realpath(temporaryDirectory, nil) else {
            throw SystemError("open directory \(temporaryDirectory)")
        }
        self.temporaryDirectory = String(cString: resolved)
        free(resolved)
        _ = try GPGVerifier.gpgv(["--version"])
    }

    /// Checks that one of the signatures was made with a key of the keyring, and that neither has expired and the key
    /// is not revoked.
    ///
    /// - Throws: `SignatureObjection`; `RepositoryError` or `SystemError` if `gpgv` cannot be run.
    public func verify(_ commit: [UInt8], _ detached: Variant?) throws {
        let signatures = try GPGVerifier.kind.signatures(in: detached).flatMap(GPGVerifier.packets)
        try GPGVerifier.kind.checkCount(signatures.count)
        let files = try GPGVFiles(in: temporaryDirectory)
        defer { files.remove() }
        let keys = try keyrings.enumerated().map { number, keyring in
            try files.write(keyring.bytes, to: "keyring-\(number)")
        }
        let content = try files.write(commit, to: "commit")
        var defects: [String] = []
        for (index, signature) in signatures.enumerated() {
            guard let signature else {
                defects.append("malformed")
                continue
            }
            let file = try files.write(signature, to: "signature-\(index)")
            let (status, exit) = try GPGVerifier.gpgv(
                [
                    "--homedir", files.path,
                ] + keys.flatMap { ["--keyring", $0] } + ["--status-fd", "1", file, content])
            guard let defect = GPGVStatus(status).defect(keyring: shownKeyrings, exit: exit) else { return }
            if !defects.contains(defect) { defects.append(defect) }
        }
        throw SignatureObjection(
            "\(GPGVerifier.kind.none(of: signatures.count)) (\(defects.joined(separator: "; "))), so have it signed with a "
                + "key of \(shownKeyrings)")
    }

    private var shownKeyrings: String { keyrings.map(\.path).joined(separator: " or ") }

    /// Splits one entry into its signatures; nil in place of other data.
    ///
    /// Other packets are not passed to gpgv: a peer could use compressed ones, for example, to keep it busy for long.
    private static func packets(_ entry: [UInt8]) -> [[UInt8]?] {
        guard let packets = OpenPGPPacket.split(entry), !packets.isEmpty else { return [nil] }
        return packets.map { packet in
            packet.kind == .signature && packet.bytes.count <= maximumSignatureSize
                ? Array(packet.bytes) : nil
        }
    }

    private static func gpgv(_ arguments: [String]) throws -> (status: [UInt8], exit: ChildProcess.Exit) {
        do {
            let process = try ChildProcess(["gpgv"] + arguments)
            process.closeInput()
            // The output about one signature fits into a pipe's buffer, so reading one pipe after the other cannot
            // deadlock.
            let status = try process.output.readAll(limit: 1 << 20)
            _ = try process.errorOutput.readAll(limit: 1 << 20)
            return (status, process.wait())
        } catch {
            throw RepositoryError(
                .badSignature,
                "cannot verify GPG signatures: \(error), so install Debian's package 'gpgv', or look why it does not run"
            )
        }
    }
}

/// A private directory with the files about one commit. libostree removes one that a killed process left after a day.
private struct GPGVFiles {
    let path: String
    private let parent: Directory
    private let name: String
    private let directory: Directory

    init(in temporaryDirectory: String) throws {
        name = "bst-artifact-gpgv-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        path = "\(temporaryDirectory)/\(name)"
        parent = try Directory(temporaryDirectory)
        try parent.makeDirectory(name, mode: 0o700)
        directory = try parent.directory(name)
    }

    /// Writes a file and returns its path.
    func write(_ bytes: [UInt8], to file: String) throws -> String {
        try directory.createFile(file, mode: 0o600).writeAll(bytes)
        return "\(path)/\(file)"
    }

    func remove() {
        try? parent.removeTree(name)
    }
}
