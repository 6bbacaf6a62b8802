// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository

struct RepoPinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Pins artifacts, so that neither expiry nor clients remove them.",
        discussion: """
              bst-artifact repo pin --repo /srv/artifacts hello/base/4f2a
              bst-artifact repo pin --repo /srv/artifacts 'releases/*'
              bst-artifact repo pin --repo /srv/artifacts

            A pattern also pins refs that are pushed later; '*' also matches slashes. Without refs, the pins are listed.
            """)

    @Argument(help: "The refs or patterns.")
    var refs: [String] = []

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let repository = try repository.openForChanges(try configurationOptions.load())
        // Catches misspelt refs, which would be pinned in vain.
        _ = try RefPatterns.resolve(refs.filter { !RefPatterns.isPattern($0) }, in: repository)
        let new = try repository.pin(refs)
        let pins = try repository.pins().patterns
        for pattern in refs.isEmpty ? pins : new {
            refs.isEmpty ? output.terminal.print(pattern) : output.terminal.say("\(pattern): pinned")
        }
        output.terminal.emit(["repository": JSON(repository.path), "pins": .array(pins.map { JSON($0) })])
    }
}

struct RepoUnpinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin", abstract: "Removes pins, so that the artifacts can expire again.",
        discussion: """
              bst-artifact repo unpin --repo /srv/artifacts 'releases/*'

            Give pins as 'bst-artifact repo pin' lists them.
            """)

    @Argument(help: "The refs or patterns, as they were pinned.")
    var refs: [String]

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let repository = try repository.openForChanges(try configurationOptions.load())
        let known = try repository.pins()
        if let missing = refs.first(where: { !known.contains(pattern: $0) }) {
            let remedy =
                Suggestions.nearest(to: missing, among: known.patterns).map { "did you mean '\($0)'?" }
                ?? "see what is with 'bst-artifact repo pin'"
            throw RepositoryError(
                .unknownRef, "\(missing.forDisplay()) is not pinned in \(repository.path): \(remedy)")
        }
        for pattern in try repository.unpin(refs) { output.terminal.say("\(pattern): not pinned any more") }
        let rest = try repository.pins().patterns
        output.terminal.emit(["repository": JSON(repository.path), "pins": .array(rest.map { JSON($0) })])
    }
}
