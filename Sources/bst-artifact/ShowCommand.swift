// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import TextCoding

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows the contents and size of a local artifact.",
        discussion: """
              bst-artifact show hello/base/4f2a
            """)

    @Argument(help: "The ref or commit.")
    var ref: String

    @OptionGroup var local: LocalOptions

    func run() throws {
        let repository = try local.open()
        let checksum = try RefPatterns.commit(ref, in: repository)
        let commit = try repository.commit(checksum)
        let contents = try repository.contents(of: checksum)
        let refs = try repository.refs().filter { $0.commit == checksum }.map(\.ref)
        let directories = contents.directories + 1
        let terminal = local.terminal
        for line in [
            "commit    \(checksum)",
            "parent    \(commit.parent.map { "\($0)" } ?? "none")",
            "date      \(Format.date(commit.timestamp))",
            "subject   \(commit.subject.isEmpty ? "none" : commit.subject.forDisplay())",
            "refs      \(refs.isEmpty ? "none" : refs.map(\.text).joined(separator: ", "))",
            "content   \(Format.count(contents.files, "file")) in \(directories) \(directories == 1 ? "directory" : "directories")",
            "objects   \(contents.objects), which take \(Format.bytes(contents.bytes)) of disk",
            "detached  \(contents.hasDetachedMetadata ? "metadata, such as signatures" : "nothing")",
        ] { terminal.print(line) }
        terminal.emit([
            "commit": JSON(checksum), "parent": JSON(commit.parent), "timestamp": JSON(commit.timestamp),
            "subject": JSON(commit.subject), "refs": JSON(refs),
            "files": JSON(contents.files), "folders": JSON(directories),
            "objects": JSON(contents.objects), "bytes": JSON(contents.bytes),
            "hasDetachedMetadata": JSON(contents.hasDetachedMetadata),
        ])
    }
}
