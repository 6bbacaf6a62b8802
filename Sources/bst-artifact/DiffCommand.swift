// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Shows in which files two artifacts of this machine differ.",
        discussion: """
              bst-artifact diff hello/base/4f2a hello/base/97c1

            Each line is a path behind a letter: A was added, D was removed, M has another content, owner, mode or attribute. \
            The status is 0 whether they differ or not.
            """)

    @Argument(help: "The ref, or a commit, to begin with.")
    var first: String

    @Argument(help: "The ref, or a commit, to compare it with.")
    var second: String

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let repository = try repository.open(try configurationOptions.load())
        let commits = try [first, second].map { try RefPatterns.commit($0, in: repository) }
        let terminal = output.terminal
        try TreeDiff.compare(commits[0], commits[1], in: repository) { change in
            let letter =
                switch change.kind {
                case .added: "A"
                case .removed: "D"
                case .modified: "M"
                }
            terminal.print("\(letter)  \(change.path)")
            terminal.emit(["change": JSON(change.kind.rawValue), "path": JSON(change.path)])
        }
    }
}
