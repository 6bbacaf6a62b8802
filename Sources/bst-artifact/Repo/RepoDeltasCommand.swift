// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactProtocol
import ArtifactRepository
import CommandLineSupport
import TextCoding

struct RepoDeltasCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deltas", abstract: "Makes static deltas, from which commits are pulled in fewer bytes.",
        discussion: """
            Makes one for each ref from its commit's parent, where the repository has that, and with --from-scratch one from \
            nothing. Those that are there already stay. Deltas go when expiry removes their commits.
            """)

    @Argument(help: "The refs. (default: all)")
    var refs: [String] = []

    @Flag(help: "Make deltas from nothing, too.")
    var fromScratch = false

    @OptionGroup var signing: SummarySigningOptions
    @OptionGroup var local: LocalOptions

    func run() throws {
        let repository = try local.openForChanges()
        let names = try commits(in: repository).flatMap {
            try repository.usefulDeltas(to: $0, fromScratch: fromScratch)
        }
        let report = try repository.makeDeltas(names)
        for name in report.made { local.terminal.say("\(name): made") }
        for name in report.present { local.terminal.say("\(name): there already") }
        for (_, reason) in report.failed { local.terminal.warn(reason) }
        if names.isEmpty {
            local.terminal.say(
                "\(repository.path): nothing to do"
                    + (fromScratch ? "" : ", since no commit has a parent here: see --from-scratch"))
        }
        if !report.made.isEmpty {
            signing.updateSummary(
                of: repository, local.terminal,
                orElse: "the summary does not list the static deltas, but their indexes do")
        }
        local.terminal.emit([
            "repository": JSON(repository.path), "made": .array(report.made.map(json)),
            "present": .array(report.present.map(json)),
            "failed": .array(report.failed.map { json($0.name) }),
        ])
        if !report.failed.isEmpty { throw ExitStatus.incomplete.code }
    }

    private func json(_ name: DeltaName) -> JSON { ["from": JSON(name.source), "to": JSON(name.target)] }

    /// Returns the commits of the chosen refs, without repetition.
    private func commits(in repository: Repository) throws -> [Checksum] {
        let commits =
            try refs.isEmpty
            ? repository.refs().map(\.commit)
            : refs.map { text in
                let ref = try RefName(parsing: text)
                guard let commit = try repository.commit(of: ref) else {
                    throw RepositoryError(
                        .unknownRef,
                        "\(repository.path) has no ref \(ref): list what it has with 'ostree refs'")
                }
                return commit
            }
        var seen: Set<Checksum> = []
        return commits.filter { seen.insert($0).inserted }
    }
}
