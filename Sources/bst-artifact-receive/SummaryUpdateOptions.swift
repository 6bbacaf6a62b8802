// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import SystemCalls

/// Options for updating the repository's summary after a push.
struct SummaryUpdateOptions: ParsableArguments {
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
        help: ArgumentHelp(
            "Sign the summary with the ed25519 key in this file. May be repeated.", valueName: "file"))
    var summarySignEd25519: [String] = []

    @Option(help: ArgumentHelp("Sign the summary with this GnuPG key. May be repeated.", valueName: "key"))
    var summaryGPGSign: [String] = []

    @Option(help: ArgumentHelp("GnuPG's home directory.", valueName: "directory"))
    var summaryGPGHomedir: String?

    /// The keys that sign it.
    var signers: [Signer] {
        Signer.list(keyFiles: summarySignEd25519, keys: summaryGPGSign, home: summaryGPGHomedir)
    }

    /// Returns flatpak, if it may be started in this session: in a repository of flatpak's, or in an empty one, which may
    /// become one. It is looked for before the receiver gives up its rights; a cache of other artifacts keeps none for it.
    func flatpak(for repository: Repository) throws -> FlatpakProgram {
        let found = FlatpakProgram.find()
        guard found.isInstalled, policy != .never else { return found }
        let isOrMayBecome = try repository.isFlatpakRepository() || !repository.hasMoreRefs(than: 0)
        return isOrMayBecome ? found : .forbidden
    }

    /// Returns true if a system program writes or signs the summary.
    func startsPrograms(_ flatpak: FlatpakProgram) -> Bool {
        flatpak.isInstalled && policy != .never || !summaryGPGSign.isEmpty
    }

    /// The paths outside of the repository that signing needs.
    var needed: [(path: String, access: Landlock.Access)] {
        Signer.needed(keyFiles: summarySignEd25519, keys: summaryGPGSign, home: summaryGPGHomedir)
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
    func update(of repository: Repository, _ flatpak: FlatpakProgram) -> SummaryAfterPush? {
        policy == .never ? nil : SummaryAfterPush(repository: repository, signers: signers, flatpak: flatpak)
    }
}
