// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository

struct CommitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit", abstract: "Commits a directory as an artifact, without a parent commit.",
        discussion: """
              bst-artifact commit ./base hello/base/4f2a hello/base/97c1

            Give all refs of the artifact, those of its strong and of its weak cache key. All files are committed as owned by 0:0.
            """
    )

    @Argument(help: "The directory to commit.")
    var directory: String

    @Argument(help: "The refs to point at the commit.")
    var refs: [String]

    @Option(help: "The commit's subject line.")
    var subject = ""

    @OptionGroup var local: LocalOptions

    func run() throws {
        let repository = try local.openForChanges()
        let commit = try repository.commit(
            directory: directory, refs: try refs.map { try RefName(parsing: $0) }, subject: subject)
        local.terminal.print("\(commit)")
        local.terminal.emit(["commit": JSON(commit), "refs": JSON(refs)])
    }
}
