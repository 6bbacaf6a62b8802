// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The commands of those who look after a cache.
struct RepoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repo", abstract: "Looks after a repository on this machine.",
        subcommands: [RepoSummaryCommand.self, RepoExpireCommand.self, RepoRecoverCommand.self])
}
