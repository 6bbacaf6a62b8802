// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls
import Variants

/// Wants a commit to be signed as `ostree gpg-sign` does, with a key of a keyring.
///
/// The signatures are in the detached metadata under `ostree.gpgsigs`, each an OpenPGP signature over the bytes of the
/// commit object. GnuPG's `gpgv` verifies them: it was made for just that, trusts the keys of one keyring and no
/// others, starts no agent and writes nothing. libgpgme would start a larger program for the same.
///
/// `gpgv` reads files, so keyring, commit and signature are put into a folder which exists only meanwhile. Nothing else
/// than this folder has to be readable for it, besides what programs need to start.
public struct GPGVerifier: SignatureVerifier {
    private static let kind = SignatureKind(key: "ostree.gpgsigs", name: "GPG", remedy: "'ostree gpg-sign'")
    /// The most bytes of one signature: those of the largest keys have 2 KiB.
    private static let maximumSignatureSize = 16 << 10

    private let keyring: OpenPGPKeyring
    private let temporaryFolder: String

    /// Reads a keyring, and looks whether `gpgv` is there.
    ///
    /// - Parameters:
    ///   - path: public keys as `gpg --export` writes them, also with `--armor`, or a keybox.
    ///   - temporaryFolder: where files for `gpgv` can be written.
    /// - Throws: `RepositoryError` with `badSignature` where the keyring or `gpgv` cannot be used; `SystemError` where a
    ///   file cannot be read.
    public init(keyring path: String, temporaryFolder: String) throws {
        keyring = try OpenPGPKeyring(path)
        // Names for gpgv must not depend on where we are, nor begin with ‘-’ or ‘~’.
        guard let resolved = realpath(temporaryFolder, nil) else {
            throw SystemError("open directory \(temporaryFolder)")
        }
        self.temporaryFolder = String(cString: resolved)
        free(resolved)
        _ = try GPGVerifier.gpgv(["--version"])
    }

    /// Looks for one signature that was made with a key of the keyring, where neither is expired nor the key revoked.
    ///
    /// - Throws: `SignatureObjection`; `RepositoryError` or `SystemError` where `gpgv` cannot be run.
    public func verify(_ commit: [UInt8], _ detached: Variant?) throws {
        let signatures = try GPGVerifier.kind.signatures(in: detached).flatMap(GPGVerifier.packets)
        try GPGVerifier.kind.checkCount(signatures.count)
        let folder = try GPGVFolder(in: temporaryFolder)
        defer { folder.remove() }
        let keys = try folder.write(keyring.bytes, to: "keyring")
        let content = try folder.write(commit, to: "commit")
        var defects: [String] = []
        for (index, signature) in signatures.enumerated() {
            guard let signature else {
                defects.append("malformed")
                continue
            }
            let file = try folder.write(signature, to: "signature-\(index)")
            let said = try GPGVerifier.gpgv([
                "--homedir", folder.path, "--keyring", keys, "--status-fd", "1", file, content,
            ])
            guard let defect = GPGVStatus(said.status).defect(keyring: keyring.path, exit: said.exit) else {
                return
            }
            if !defects.contains(defect) { defects.append(defect) }
        }
        throw SignatureObjection(
            "\(GPGVerifier.kind.none(of: signatures.count)) (\(defects.joined(separator: "; "))), so have it signed with a "
                + "key of \(keyring.path)")
    }

    /// The signatures that one entry consists of, each alone; nil for what is none.
    ///
    /// gpgv also takes other packets, for example compressed ones, which a peer could make it work on for long.
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
            // What it says of one signature fits into the pipes, so neither of them can block it.
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

/// A private folder with files for one commit. One that a killed process leaves is removed by libostree after a day.
private struct GPGVFolder {
    let path: String
    private let parent: Directory
    private let name: String
    private let directory: Directory

    init(in temporaryFolder: String) throws {
        name = "bst-artifact-gpgv-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        path = "\(temporaryFolder)/\(name)"
        parent = try Directory(temporaryFolder)
        try parent.makeDirectory(name, mode: 0o700)
        directory = try parent.directory(name)
    }

    /// - Returns: the file's path.
    func write(_ bytes: [UInt8], to file: String) throws -> String {
        try directory.createFile(file, mode: 0o600).writeAll(bytes)
        return "\(path)/\(file)"
    }

    func remove() {
        try? parent.removeTree(name)
    }
}
