// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactProtocol
import Glibc
import SystemCalls

/// The command line for builders, developers and administrators.
@main
struct BstArtifact: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bst-artifact",
        abstract: "Moves BuildStream artifacts (OSTree commits) between machines.",
        discussion: """
            A cache is an OSTree repository on a server. Builders push to it over ssh, and everyone pulls from it over HTTPS.

              bst-artifact push --remote artifacts@example.com:artifacts hello/base/4f2a
              bst-artifact pull --remote https://example.com/artifacts hello/base/4f2a
              bst-artifact checkout hello/base/4f2a ./base

            Without --remote, the caches in BuildStream 1.0's buildstream.conf are used.
            """,
        version: "bst-artifact \(releaseVersion)",
        groupedSubcommands: [
            CommandGroup(
                name: "Artifact",
                subcommands: [
                    CommitCommand.self, PushCommand.self, PullCommand.self, CheckoutCommand.self,
                    ShowCommand.self,
                    DiffCommand.self,
                ]),
            CommandGroup(
                name: "Cache",
                subcommands: [ListCommand.self, CheckCommand.self, DeleteCommand.self]),
            CommandGroup(
                name: "Server",
                subcommands: [
                    InitCommand.self, SetupServerCommand.self, ServeCommand.self, MirrorCommand.self,
                    CopyCommand.self, RepoCommand.self,
                ]),
        ])

    static func main() {
        ResourceLimit.raiseStack()
        StandardStreams.reserve()
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            if let mistake = Suggestions.misspeltSubcommand(in: arguments) { throw mistake }
            var command = try parseAsRoot(arguments)
            try command.run()
            Results.finish()
            CurrentProcess.end(0)
        } catch {
            Failure.report(error, isJSON: arguments.contains("--json"))
        }
    }
}
