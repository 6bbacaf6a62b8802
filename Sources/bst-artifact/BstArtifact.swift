// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

/// The command line for people.
@main
struct BstArtifact: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bst-artifact",
        abstract: "Moves BuildStream artifacts, which are OSTree commits, between machines.",
        discussion: """
            A cache is an OSTree repository on a server: builders push to it over ssh, everybody pulls from it over HTTPS.

              bst-artifact push --remote artifacts@example.com:artifacts hello/base/4f2a
              bst-artifact pull --remote https://example.com/artifacts hello/base/4f2a
              bst-artifact checkout hello/base/4f2a ./base

            Without --remote, the caches of buildstream.conf are used, as BuildStream 1.0 reads it.
            """,
        subcommands: [
            InitCommand.self, CommitCommand.self, PushCommand.self, PullCommand.self, ListCommand.self,
            CheckCommand.self,
            CheckoutCommand.self, RepoCommand.self,
        ])

    static func main() {
        signal(SIGPIPE, SIG_IGN)
        main(nil)
    }
}
