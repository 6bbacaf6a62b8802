// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import Glibc

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Makes a repository: by default one of mode archive, as a cache needs it.",
        discussion: """
              bst-artifact init /srv/artifacts
              bst-artifact init --mode bare-user my-artifacts
            """)

    @Argument(help: "Where to make it.")
    var path: String

    @Option(help: "archive for a cache; bare-user, bare-user-only or bare for a repository on a builder.")
    var mode = "archive"

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard RepositoryMode(name: mode) != nil else {
            throw ValidationError(
                "There is no mode '\(mode)': name archive, bare-user, bare-user-only or bare.")
        }
    }

    func run() throws {
        // A cache is read by a web server and written by one user, whatever the shell's mask is.
        umask(0o022)
        let repository = try Repository.create(path, mode: RepositoryMode(name: mode) ?? .archive)
        if try repository.lacksSummary() { try repository.updateSummary() }
        output.terminal.say("\(repository.path): repository of mode \(repository.mode)")
        output.terminal.emit(["repository": JSON(repository.path), "mode": JSON(repository.mode)])
    }
}
