// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactReceiver
import ArtifactRepository
import Glibc
import SystemCalls

/// What becomes of the repository's summary when refs have moved.
struct SummaryArguments: ParsableArguments {
    /// When to update the summary.
    enum Policy: String, ExpressibleByArgument, CaseIterable {
        /// Where there is one.
        case auto
        /// Always; it is made where there is none.
        case always
        /// Somebody else does that.
        case never
    }

    @Option(
        name: .customLong("summary"),
        help: ArgumentHelp(
            "Whether to update the repository's summary after a push: always, auto (where there is one), never.",
            valueName: "when"))
    var policy = Policy.always

    @Option(
        name: .customLong("summary-sign-ed25519"),
        help: ArgumentHelp("Sign the summary with the key in this file. May be repeated.", valueName: "file"))
    var keyFiles: [String] = []

    @Option(
        name: .customLong("summary-gpg-sign"),
        help: ArgumentHelp("Sign the summary with this key of GnuPG. May be repeated.", valueName: "key"))
    var keys: [String] = []

    @Option(
        name: .customLong("summary-gpg-homedir"),
        help: ArgumentHelp("Where GnuPG keeps its keys.", valueName: "folder"))
    var home: String?

    private var signers: [SummarySigner] {
        keyFiles.map { .ed25519(keyFile: $0) } + keys.map { .gpg(key: $0, home: home) }
    }

    /// Whether a program of the system is needed to sign the summary.
    var startsPrograms: Bool { !keys.isEmpty }

    /// What is needed to sign the summary, and lies outside of the repository.
    var needed: [(path: String, access: Landlock.Access)] {
        let homes = [home, getenv("GNUPGHOME").map { String(cString: $0) }]
        let folder =
            homes.compactMap(\.self).first
            ?? getenv("HOME").map { "\(String(cString: $0))/.gnupg" }
        let writable = keys.isEmpty ? [] : [folder].compactMap(\.self)
        return keyFiles.map { ($0, .reading) } + writable.map { ($0, .everything) }
    }

    /// The policy that asks for a summary when refs have moved.
    func requester(for repository: Repository) -> SummaryRequester? {
        switch policy {
        case .never: nil
        case .always: SummaryRequester(repository)
        case .auto:
            SummaryRequester(repository) { [weak repository] in
                // Where that cannot be read now, whoever updates it says so.
                do { return try repository?.summarySize() != nil } catch { return true }
            }
        }
    }

    /// What to do after a session.
    func update(of repository: Repository) -> SummaryAfterPush? {
        policy == .never ? nil : SummaryAfterPush(repository: repository, signers: signers)
    }
}
