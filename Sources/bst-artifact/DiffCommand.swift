// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compares the files of two local artifacts.",
        discussion: """
              bst-artifact diff hello/base/4f2a hello/base/97c1

            Each line has a letter and a path: A for added, D for removed, M for changed content, owner, mode or attributes. The \
            exit status is 0, also if they differ.
            """)

    @Argument(help: "The first ref or commit.")
    var first: String

    @Argument(help: "The second ref or commit.")
    var second: String

    @OptionGroup var local: LocalOptions

    func run() throws {
        let repository = try local.open()
        let commits = try [first, second].map { try RefPatterns.commit($0, in: repository) }
        let terminal = local.terminal
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
