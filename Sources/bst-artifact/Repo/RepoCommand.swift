// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct RepoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repo", abstract: "Maintains a local repository.",
        discussion: """
              bst-artifact repo stats --repo /srv/artifacts
              bst-artifact repo fsck --repo /srv/artifacts
              bst-artifact repo log --repo /srv/artifacts
              bst-artifact repo pin --repo /srv/artifacts 'releases/*'
            """,
        subcommands: [
            RepoSummaryCommand.self, RepoDeltasCommand.self, RepoStatsCommand.self, RepoExpireCommand.self,
            RepoPinCommand.self, RepoUnpinCommand.self, RepoFsckCommand.self, RepoLogCommand.self,
            RepoRecoverCommand.self,
        ])
}
