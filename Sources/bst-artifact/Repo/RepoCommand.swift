// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The commands of those who look after a cache.
struct RepoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repo", abstract: "Looks after a repository on this machine.",
        discussion: """
              bst-artifact repo stats --repo /srv/artifacts
              bst-artifact repo fsck --repo /srv/artifacts
              bst-artifact repo log --repo /srv/artifacts
              bst-artifact repo pin --repo /srv/artifacts 'releases/*'
            """,
        subcommands: [
            RepoSummaryCommand.self, RepoStatsCommand.self, RepoExpireCommand.self, RepoPinCommand.self,
            RepoUnpinCommand.self, RepoFsckCommand.self, RepoLogCommand.self, RepoRecoverCommand.self,
        ])
}
