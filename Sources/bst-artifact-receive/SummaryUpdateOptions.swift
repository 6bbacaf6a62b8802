// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactReceiver
import ArtifactRepository
import Glibc
import SystemCalls

/// Options for updating the repository's summary after a push.
struct SummaryUpdateOptions: ParsableArguments {
    /// The condition for an update.
    enum Policy: String, ExpressibleByArgument, CaseIterable {
        /// Only an existing summary is updated.
        case auto
        /// A missing summary is made, too.
        case always
        /// No update.
        case never
    }

    @Option(
        name: .customLong("summary"),
        help: ArgumentHelp(
            "When to update the repository's summary after a push: always, auto (if there is one) or never.",
            valueName: "when"))
    var policy = Policy.always

    @Option(
        name: .customLong("summary-sign-ed25519"),
        help: ArgumentHelp(
            "Sign the summary with the ed25519 key in this file. May be repeated.", valueName: "file"))
    var keyFiles: [String] = []

    @Option(
        name: .customLong("summary-gpg-sign"),
        help: ArgumentHelp("Sign the summary with this GnuPG key. May be repeated.", valueName: "key"))
    var keys: [String] = []

    @Option(
        name: .customLong("summary-gpg-homedir"),
        help: ArgumentHelp("GnuPG's home directory.", valueName: "directory"))
    var home: String?

    private var signers: [SummarySigner] {
        keyFiles.map { .ed25519(keyFile: $0) } + keys.map { .gpg(key: $0, home: home) }
    }

    /// Indicates that a system program signs the summary.
    var startsPrograms: Bool { !keys.isEmpty }

    /// The paths outside of the repository that signing needs.
    var needed: [(path: String, access: Landlock.Access)] {
        let gpgHome = home ?? Environment["GNUPGHOME"] ?? Environment["HOME"].map { "\($0)/.gnupg" }
        let writable = keys.isEmpty ? nil : gpgHome
        return keyFiles.map { ($0, .reading) } + (writable.map { [($0, .everything)] } ?? [])
    }

    /// Returns the policy that requests an update when refs have moved.
    func requester(for repository: Repository) -> SummaryRequester? {
        switch policy {
        case .never: nil
        case .always: SummaryRequester(repository)
        case .auto:
            SummaryRequester(repository) { [weak repository] in
                // An error is reported by the update.
                do { return try repository?.summarySize() != nil } catch { return true }
            }
        }
    }

    /// Returns the update to run after a session.
    func update(of repository: Repository) -> SummaryAfterPush? {
        policy == .never ? nil : SummaryAfterPush(repository: repository, signers: signers)
    }
}
