// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import TextCoding

struct RepoSummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Updates the summary of a repository, which 'list' reads.",
        discussion: """
            The receiver updates it after each push. This command is for repositories whose refs other programs move; it reads \
            every ref.
            """)

    @OptionGroup var repository: RepositoryOptions

    @Flag(
        name: .customLong("changed"),
        help: "Read only the refs that changed since the last update, as the receiver does.")
    var isQuick = false

    @Option(
        name: .customLong("sign-ed25519"),
        help: ArgumentHelp("Sign it with the ed25519 key in this file. May be repeated.", valueName: "file"))
    var keyFiles: [String] = []

    @Option(
        name: .customLong("gpg-sign"),
        help: ArgumentHelp("Sign it with this GnuPG key. May be repeated.", valueName: "key"))
    var keys: [String] = []

    @Option(
        name: .customLong("gpg-homedir"),
        help: ArgumentHelp("GnuPG's home directory.", valueName: "directory"))
    var home: String?

    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let repository = try repository.openForChanges(try configurationOptions.load())
        var options = SummaryOptions()
        options.signers = keyFiles.map { .ed25519(keyFile: $0) } + keys.map { .gpg(key: $0, home: home) }
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
