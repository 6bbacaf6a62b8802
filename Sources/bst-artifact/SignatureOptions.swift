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

    /// The repository as what is pulled gets there.
    ///
    /// - Parameter bindings: what commits must fit in addition to their refs.
    func applied(to repository: Repository, _ bindings: CommitBindings.Rule) throws -> any ArtifactStore {
        try repository.requiringSignatures(
            gpgKeyring: keyring, ed25519Keys: ed25519Keys, bindings: bindings)
    }
}
