// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository

struct CommitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit", abstract: "Records a directory as an artifact: one commit without a parent.",
        discussion: """
              bst-artifact commit ./base hello/base/4f2a hello/base/97c1

            Give all the refs of the artifact: its strong and its weak cache key. Files are owned by 0:0 in it.
            """
    )

    @Argument(help: "The directory.")
    var directory: String

    @Argument(help: "The refs that are to point to the commit.")
    var refs: [String]

    @Option(help: "The commit's subject line.")
    var subject = ""

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let repository = try repository.openForChanges(try configurationOptions.load())
        let commit = try repository.commit(
            directory: directory, refs: try refs.map { try RefName(parsing: $0) }, subject: subject)
        output.terminal.print("\(commit)")
        output.terminal.emit(["commit": JSON(commit), "refs": .array(refs.map { JSON($0) })])
    }
}
