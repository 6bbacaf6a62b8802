// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository

/// Whose signatures commits must have.
struct SignatureOptions: ParsableArguments {
    @Option(
        name: .customLong("verify-gpg"),
        help: ArgumentHelp(
            "Take only commits with a GPG signature by a key of this file.", valueName: "keyring"))
    var keyring: String?

    @Option(
        name: .customLong("verify-ed25519"),
        help: ArgumentHelp(
            "Take only commits with an ed25519 signature by a key of this file: base64, one a line.",
            valueName: "file"))
    var ed25519Keys: String?

    /// The policies for what is pulled into a repository.
    ///
    /// - Parameter bindings: the bindings that commits must have in addition to their refs.
    func policies(for repository: Repository, _ bindings: CommitBindings.Rule) throws -> [any ReceivePolicy] {
        let policy = try repository.signaturePolicy(
            gpgKeyring: keyring, ed25519Keys: ed25519Keys, bindings: bindings, replacesDetachedMetadata: true)
        return policy.map { [$0] } ?? []
    }
}
