// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol

struct DeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Removes refs of a cache, where its owner allows that.",
        discussion: """
              bst-artifact delete --remote artifacts@example.com:artifacts hello/base/4f2a

            All of them go, or none. What is pinned stays. Refs of this machine are not touched. The space is freed by the \
            cache's next expiry.
            """)

    @Argument(help: "The refs.")
    var refs: [String]

    @Flag(name: [.customLong("dry-run"), .customShort("n")], help: "Remove nothing, and say what would go.")
    var isDryRun = false

    @Option(
        name: .customLong("remote"),
        help: ArgumentHelp("The cache: ssh://HOST/PATH, HOST:PATH or a path.", valueName: "url"))
    var remote: String

    @OptionGroup var receiver: ReceiverOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let address = try RemoteAddress(parsing: remote)
        var options = receiver.options(isVerbose: output.verbose)
        options.isDryRun = isDryRun
        options.cancellation = try Interruption.cancellation()
        let deletions = try Pusher.delete(
            try refs.map { try RefName(parsing: $0) }, from: address, options: options)
        for deletion in deletions {
            output.terminal.say(
                "\(deletion.ref): \(isDryRun ? "would be deleted" : "deleted"), was at \(Checksum.hexOrZeros(deletion.old))"
            )
        }
        output.terminal.emit([
            "remote": JSON(address), "dryRun": JSON(isDryRun),
            "deleted": .array(deletions.map { ["ref": JSON($0.ref), "commit": JSON($0.old)] }),
        ])
    }
}
