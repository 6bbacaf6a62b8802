// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Options for the signatures that commits must have.
package struct SignatureOptions: ParsableArguments {
    @Option(
        name: .customLong("verify-gpg"),
        help: ArgumentHelp(
            "Accept only commits with a GPG signature by a key in this file.", valueName: "keyring"))
    package var gpgKeyring: String?

    @Option(
        name: .customLong("verify-ed25519"),
        help: ArgumentHelp(
            "Accept only commits with an ed25519 signature by a key in this file, one base64 key a line.",
            valueName: "file"))
    package var ed25519Keys: String?

    /// Creates options without values.
    package init() {}
}
