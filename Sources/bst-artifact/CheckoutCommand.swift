// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository

struct CheckoutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkout", abstract: "Writes an artifact's files into a new directory.",
        discussion: """
              bst-artifact checkout hello/base/4f2a ./base
            """)

    @Argument(help: "The ref, or a commit.")
    var ref: String

    @Argument(help: "The directory, which must not exist yet.")
    var directory: String

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let repository = try repository.open(try configurationOptions.load())
        let commit = try RefPatterns.commit(ref, in: repository)
        try repository.checkOut(commit, to: directory)
        output.terminal.say("\(directory): \(ref) at \(commit)")
        output.terminal.emit(["directory": JSON(directory), "ref": JSON(ref), "commit": JSON(commit)])
    }
}
