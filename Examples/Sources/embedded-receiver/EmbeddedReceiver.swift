// SPDX-License-Identifier: Apache-2.0
//
// embedded-receiver [OPTIONS] REPOSITORY
//
// Takes one push on standard input and output into an archive repository, as the command of a line in `authorized_keys`
// does. Options that clients may send, such as --verbose, are passed over.

import ArtifactProtocol
import ArtifactReceiver
import ArtifactRepository
import Foundation
import Logging

@main struct EmbeddedReceiver {
    /// Takes one push into a repository.
    static func takePush(into path: String, input: Descriptor, output: Descriptor) async throws {
        let repository = try Repository(path)

        // Policies are asked in this order.
        let policies: [any ReceivePolicy] = [
            FrozenReleases(repository),
            RefFilter(allowed: [], denied: ["private/*"]),
            SizeLimit(maximumObject: 1 << 30, maximumPush: 4 << 30),
        ]

        // Standard output carries the protocol, so the log goes to standard error.
        var log = Logger(label: "receiver") { StreamLogHandler.standardError(label: $0) }
        log.logLevel = .warning

        var options = Receiver.Options()
        options.pullURL = "https://example.com/artifacts"
        options.timeout = .seconds(600)
        options.record = { push in
            for change in push.refs { say("\(change.ref) is at \(change.new?.hex ?? "none")") }
        }
        let receiver = Receiver(store: repository, policies: policies, options: options, logger: log)
        // On a thread of its own, until the push is done or this task is cancelled.
        try await receiver.serve(input: input, output: output)
    }

    static func main() async {
        // What is published must be readable to the web server.
        umask(0o022)
        guard let path = CommandLine.arguments.dropFirst().last else {
            say("usage: embedded-receiver REPOSITORY")
            exit(64)
        }
        do {
            try await takePush(into: path, input: .standardInput, output: .standardOutput)
        } catch {
            // The client was told the same.
            say("\(error)")
            exit(1)
        }
    }
}

/// Says something on standard error.
func say(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
}
