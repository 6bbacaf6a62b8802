// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import CommandLineSupport

/// Options for the keys that sign a repository's summary.
struct SummarySigningOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Sign the summary with the ed25519 key in this file. May be repeated.", valueName: "file"))
    var signEd25519: [String] = []

    @Option(help: ArgumentHelp("Sign the summary with this GnuPG key. May be repeated.", valueName: "key"))
    var gpgSign: [String] = []

    @Option(help: ArgumentHelp("GnuPG's home directory.", valueName: "directory"))
    var gpgHomedir: String?

    /// The options for writing a summary with these keys.
    var summaryOptions: SummaryOptions {
        var options = SummaryOptions()
        options.signers = Signer.list(keyFiles: signEd25519, keys: gpgSign, home: gpgHomedir)
        return options
    }

    /// Updates an existing summary. After a failure, which is a warning, the next push tries again.
    ///
    /// - Parameter consequence: the beginning of the warning: what the old summary is not.
    func updateSummary(of repository: Repository, _ terminal: Terminal, orElse consequence: String) {
        do {
            guard try repository.summarySize() != nil else { return }
            try repository.requestSummaryUpdate()
            let report = try repository.updateRequestedSummary(summaryOptions)
            for warning in report?.warnings ?? [] { terminal.warn(warning) }
        } catch {
            terminal.warn("\(consequence): \(error)")
        }
    }
}
