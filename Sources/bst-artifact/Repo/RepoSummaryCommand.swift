// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import Glibc
import TextCoding

struct RepoSummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Writes the summary of a repository: what 'list' shows.",
        discussion: """
            The receiver writes it after each push. This command is for a repository whose refs other programs move, and \
            reads every ref.
            """)

    @OptionGroup var repository: RepositoryOptions

    @Flag(
        name: .customLong("changed"),
        help: "Read only the refs that changed since the summary was written, as the receiver does.")
    var isQuick = false

    @Option(
        name: .customLong("sign-ed25519"),
        help: ArgumentHelp("Sign it with the key in this file. May be repeated.", valueName: "file"))
    var keyFiles: [String] = []

    @Option(
        name: .customLong("gpg-sign"),
        help: ArgumentHelp("Sign it with this key of GnuPG. May be repeated.", valueName: "key"))
    var keys: [String] = []

    @Option(
        name: .customLong("gpg-homedir"),
        help: ArgumentHelp("Where GnuPG keeps its keys.", valueName: "folder"))
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
