// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactProtocol
import ArtifactRepository

struct RepoPinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Pins artifacts, so that neither expiry nor clients remove them.",
        discussion: """
              bst-artifact repo pin --repo /srv/artifacts hello/base/4f2a
              bst-artifact repo pin --repo /srv/artifacts 'releases/*'
              bst-artifact repo pin --repo /srv/artifacts
              bst-artifact repo pin --repo s3://artifacts/team-a 'releases/*'

            A pattern also pins refs that are pushed later; '*' also matches slashes. Without refs, the pins are listed.
            """)

    @Argument(help: "The refs or patterns.")
    var refs: [String] = []

    @OptionGroup var local: LocalOptions

    func run() throws {
        if let store = try local.bucket(named: nil, try Interruption.cancellation()) { return try run(store) }
        let repository = try local.openForChanges()
        // Catches misspelt refs, which would be pinned in vain.
        _ = try RefPatterns.resolve(refs.filter { !RefPatterns.isPattern($0) }, in: repository)
        let new = try repository.pin(refs)
        show(new, try repository.pins(), of: repository.path)
    }

    private func run(_ store: BucketStore) throws {
        guard !refs.isEmpty else { return show([], try store.pins(), of: store.location) }
        let names = try RefPatterns.names(refs.filter { !RefPatterns.isPattern($0) }, in: store)
        let pins = try store.pin(refs, requiring: names)
        show(pins.changed, pins.all, of: store.location)
    }

    private func show(_ new: [String], _ pins: Pins, of location: String) {
        for pattern in refs.isEmpty ? pins.patterns : new {
            refs.isEmpty ? local.terminal.print(pattern) : local.terminal.say("\(pattern): pinned")
        }
        local.terminal.emit(["repository": JSON(location), "pins": JSON(pins.patterns)])
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
        if let store = try local.bucket(named: nil, try Interruption.cancellation()) {
            try check(store.pins(), of: store.location)
            let pins = try store.unpin(refs)
            return show(pins.changed, pins.all, of: store.location)
        }
        let repository = try local.openForChanges()
        try check(repository.pins(), of: repository.path)
        let gone = try repository.unpin(refs)
        show(gone, try repository.pins(), of: repository.path)
    }

    private func check(_ known: Pins, of location: String) throws {
        guard let missing = refs.first(where: { !known.contains(pattern: $0) }) else { return }
        let remedy = Suggestions.remedy(
            for: missing, among: known.patterns, or: "see what is with 'bst-artifact repo pin'")
        throw RepositoryError(
            .unknownRef, "\(missing.forDisplay()) is not pinned in \(location): \(remedy)")
    }

    private func show(_ gone: [String], _ rest: Pins, of location: String) {
        for pattern in gone { local.terminal.say("\(pattern): not pinned any more") }
        local.terminal.emit(["repository": JSON(location), "pins": JSON(rest.patterns)])
    }
}
