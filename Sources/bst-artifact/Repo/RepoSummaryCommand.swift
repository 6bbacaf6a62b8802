// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
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

    @OptionGroup var repository: RepositoryOptions

    @Flag(
        name: .customLong("changed"),
        help: "Read only the refs that changed since the last update, as the receiver does.")
    var isQuick = false

    @OptionGroup var signing: SummarySigningOptions
    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let repository = try repository.openForChanges(try configurationOptions.load())
        var options = signing.summaryOptions
        options.isComplete = !isQuick
        let report = try repository.updateSummary(options)
        for warning in report.warnings { output.terminal.warn(warning) }
        output.terminal.emit([
            "repository": JSON(repository.path), "refs": JSON(report.refs), "size": JSON(report.size),
            "warnings": .array(report.warnings.map { JSON($0) }),
        ])
        let refs = report.refs.map { "\($0) refs, " } ?? ""
        output.terminal.say("\(repository.path): \(refs)\(Format.bytes(UInt64(report.size)))")
    }
}
