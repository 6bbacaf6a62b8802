// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

extension Repository {
    /// Returns the verifier of GPG signatures of a remote: with its own keyring, `NAME.trustedkeys.gpg`, and the files that its
    /// settings name; where there are neither, with those in `/usr/share/ostree/trusted.gpg.d`.
    ///
    /// - Throws: `RepositoryError` with `badSignature` if there is no key, or `gpgv` cannot be used.
    public func gpgVerifier(of remote: RemoteSettings) throws -> any SignatureVerifier {
        let own = "\(path)/\(remote.name).trustedkeys.gpg"
        var files = try Directory.exists(own) ? [own] : []
        for path in remote.gpgKeyPaths { files += try Repository.keyrings(at: path) }
        if files.isEmpty, try Directory.exists(Repository.commonKeyrings) {
            files = try Repository.keyrings(at: Repository.commonKeyrings)
        }
        guard !files.isEmpty else {
            throw RepositoryError(
                .badSignature,
                "cannot verify what comes from remote \(remote.name), since there is no key for it and its setting gpg-verify "
                    + "\(remote.verifiesGPG == nil ? "is true where it is not set, as for ostree" : "asks for GPG signatures"): "
                    + "import one with 'ostree remote gpg-import --repo=\(path) --keyring=FILE \(remote.name)', or set "
                    + "gpg-verify=false if nobody signs its commits")
        }
        return try GPGVerifier(keyrings: files, temporaryDirectory: "\(path)/tmp")
    }

    private static let commonKeyrings = "/usr/share/ostree/trusted.gpg.d"

    /// Returns a file, or the files of keys in a directory.
    private static func keyrings(at path: String) throws -> [String] {
        guard let directory = try? Directory(path) else { return [path] }
        return try directory.entries().filter { $0.hasSuffix(".gpg") || $0.hasSuffix(".asc") }.sorted()
            .map { "\(path)/\($0)" }
    }

    /// Returns the verifier of other signatures that the settings of a remote ask for; nil if they ask for none.
    ///
    /// - Throws: `RepositoryError` with `badSignature` if they ask for a type that is not known here, or name no key.
    public func signatureVerifier(of remote: RemoteSettings) throws -> (any SignatureVerifier)? {
        guard let type = remote.signatureTypes.first else { return nil }
        guard remote.signatureTypes.contains("ed25519") else {
            throw RepositoryError(
                .badSignature,
                "cannot verify what comes from remote \(remote.name): its setting sign-verify asks for signatures of type "
                    + "\(type.forDisplay(limit: 60)), and only ed25519 is known here")
        }
        guard remote.ed25519Key != nil || remote.ed25519File != nil else {
            throw RepositoryError(
                .badSignature,
                "cannot verify what comes from remote \(remote.name), since its setting sign-verify asks for signatures and "
                    + "there is no key for it: set verification-ed25519-key or verification-ed25519-file")
        }
        return try Ed25519Verifier(
            keys: remote.ed25519File,
            and: remote.ed25519Key.map { ($0, "verification-ed25519-key of remote \(remote.name)") })
    }
}
