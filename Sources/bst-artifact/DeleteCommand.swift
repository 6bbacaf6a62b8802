// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactClient
import ArtifactProtocol

struct DeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes refs from a cache, if its owner allows it.",
        discussion: """
              bst-artifact delete --remote artifacts@example.com:artifacts hello/base/4f2a

            Either all of the refs are deleted or none. Pinned refs cannot be deleted. Local refs are not touched. The cache's \
            next expiry frees the space.
            """)

    @Argument(help: "The refs to delete.")
    var refs: [String]

    @Flag(name: [.long, .customShort("n")], help: "Delete nothing; print what would be deleted.")
    var dryRun = false

    @Option(help: ArgumentHelp("The cache: ssh://HOST/PATH, HOST:PATH or a path.", valueName: "url"))
    var remote: String

    @OptionGroup var receiver: ReceiverOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let address = try RemoteAddress(parsing: remote)
        var options = receiver.options(isVerbose: output.verbose)
        options.isDryRun = dryRun
        options.cancellation = try Interruption.cancellation()
        let names = try refs.map { try RefName(parsing: $0) }
        let store = try BucketStore.directly(address, receiver, options.cancellation)
        let deletions =
            try store.map { try Pusher.delete(names, in: $0, isDryRun: dryRun) }
            ?? Pusher.delete(names, from: address, options: options)
        for deletion in deletions {
            output.terminal.say(
                "\(deletion.ref): \(dryRun ? "would be deleted" : "deleted"), was at \(Checksum.hexOrZeros(deletion.old))"
            )
        }
        output.terminal.emit([
            "remote": JSON(address), "dryRun": JSON(dryRun),
            "deleted": .array(deletions.map { ["ref": JSON($0.ref), "commit": JSON($0.old)] }),
        ])
        if let store, !dryRun { store.updateSummary(output.terminal) }
    }
}
