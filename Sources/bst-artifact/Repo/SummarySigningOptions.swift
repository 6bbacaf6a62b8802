// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import CommandLineSupport

/// Options for the keys that sign a repository's summary.
struct SummarySigningOptions: ParsableArguments {
    @Option(
        name: .customLong("sign-ed25519"),
        help: ArgumentHelp(
            "Sign the summary with the ed25519 key in this file. May be repeated.", valueName: "file"))
    var keyFiles: [String] = []

    @Option(
        name: .customLong("gpg-sign"),
        help: ArgumentHelp("Sign the summary with this GnuPG key. May be repeated.", valueName: "key"))
    var keys: [String] = []

    @Option(
        name: .customLong("gpg-homedir"),
        help: ArgumentHelp("GnuPG's home directory.", valueName: "directory"))
    var home: String?

    /// The options for writing a summary with these keys.
    var summaryOptions: SummaryOptions {
        var options = SummaryOptions()
        options.signers = SummarySigner.list(keyFiles: keyFiles, keys: keys, home: home)
        return options
    }
}
