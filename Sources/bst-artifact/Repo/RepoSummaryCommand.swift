// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactRepository
import TextCoding

struct RepoSummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Updates the summary of a repository, which 'list' reads.",
        discussion: """
            The receiver updates it after each push. This command is for repositories whose refs other programs move; it reads \
            every ref. Where flatpak's clients install from the repository, 'flatpak build-update-repo' makes the summary, if flatpak \
            is installed.
            """)

    @Flag(help: "Read only the refs that changed since the last update, as the receiver does.")
    var changed = false

    @OptionGroup var signing: SummarySigningOptions
    @OptionGroup var bucket: BucketArgument
    @OptionGroup var local: LocalOptions

    func run() throws {
        if let store = try bucket.open(local, try Interruption.cancellation()) { return try run(store) }
        let repository = try local.openForChanges()
        var options = signing.summaryOptions
        options.isComplete = !changed
        let report = try repository.updateSummary(options)
        for warning in report.warnings { local.terminal.warn(warning) }
        local.terminal.emit([
            "repository": JSON(repository.path), "refs": JSON(report.refs), "size": JSON(report.size),
            "warnings": JSON(report.warnings),
        ])
        let refs = report.refs.map { "\($0) refs, " } ?? ""
        local.terminal.say("\(repository.path): \(refs)\(Format.bytes(UInt64(report.size)))")
    }

    private func run(_ store: BucketStore) throws {
        let report = try SummaryView(of: store, signers: signing.summaryOptions.signers).update(
            isComplete: !changed)
        local.terminal.emit([
            "repository": JSON(store.location), "refs": JSON(report.refs), "size": JSON(report.size),
            "warnings": JSON([String]()),
        ])
        local.terminal.say("\(store.location): \(report.refs) refs, \(Format.bytes(UInt64(report.size)))")
    }
}
