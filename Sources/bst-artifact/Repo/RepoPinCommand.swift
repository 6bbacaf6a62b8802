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

    @OptionGroup var local: LocalOptions

    func run() throws {
        let repository = try local.openForChanges()
        // Catches misspelt refs, which would be pinned in vain.
        _ = try RefPatterns.resolve(refs.filter { !RefPatterns.isPattern($0) }, in: repository)
        let new = try repository.pin(refs)
        let pins = try repository.pins().patterns
        for pattern in refs.isEmpty ? pins : new {
            refs.isEmpty ? local.terminal.print(pattern) : local.terminal.say("\(pattern): pinned")
        }
        local.terminal.emit(["repository": JSON(repository.path), "pins": JSON(pins)])
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

    @OptionGroup var local: LocalOptions

    func run() throws {
        let repository = try local.openForChanges()
        let known = try repository.pins()
        if let missing = refs.first(where: { !known.contains(pattern: $0) }) {
            let remedy = Suggestions.remedy(
                for: missing, among: known.patterns, or: "see what is with 'bst-artifact repo pin'")
            throw RepositoryError(
                .unknownRef, "\(missing.forDisplay()) is not pinned in \(repository.path): \(remedy)")
        }
        for pattern in try repository.unpin(refs) { local.terminal.say("\(pattern): not pinned any more") }
        let rest = try repository.pins().patterns
        local.terminal.emit(["repository": JSON(repository.path), "pins": JSON(rest)])
    }
}
