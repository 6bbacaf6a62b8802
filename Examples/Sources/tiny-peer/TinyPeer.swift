// SPDX-License-Identifier: Apache-2.0
//
// tiny-peer push REF RECEIVER [ARGUMENT…]   starts a receiver and pushes one small commit to it
// tiny-peer receive                         takes a push on standard input and output, and keeps it in memory
//
// Both sides of the protocol on top of ArtifactProtocol alone: no repository, no libostree.

import ArtifactProtocol
import Foundation

@main struct TinyPeer {
    static func main() throws {
        // A peer may go away while it is written to.
        signal(SIGPIPE, SIG_IGN)
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case "push" where arguments.count >= 3:
            let words = Array(arguments.dropFirst())
            guard let ref = RefName(words[0]) else { throw Failure("\(words[0]) is not a ref name") }
            let receiver = Process()
            receiver.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            receiver.arguments = Array(words.dropFirst())
            let (input, output) = (Pipe(), Pipe())
            receiver.standardInput = input
            receiver.standardOutput = output
            try receiver.run()
            let connection = Connection(
                reading: output.fileHandleForReading.fileDescriptor,
                writing: input.fileHandleForWriting.fileDescriptor)
            print(try push(ref, at: SmallCommit.commit, SmallCommit.objects, to: connection))
            try input.fileHandleForWriting.close()
            receiver.waitUntilExit()
            // Only exit status 0 says that all is well.
            exit(receiver.terminationStatus)
        case "receive":
            say(try receive(from: Connection(reading: 0, writing: 1)))
        default:
            say("usage: tiny-peer push REF RECEIVER [ARGUMENT…] | tiny-peer receive")
            exit(64)
        }
    }
}

/// What went wrong here, in a sentence.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Says something on standard error.
func say(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
}
