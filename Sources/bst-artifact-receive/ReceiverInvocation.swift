// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TextCoding

/// A client's command for sshd: `bst-artifact-receive [--verbose] PATH`, or in version 0
/// `ostree-receive [--verbose] --repo=PATH`.
///
/// sshd passes it to a forced command as `SSH_ORIGINAL_COMMAND`. It is parsed here, and never run.
struct ReceiverInvocation: Equatable, Sendable {
    /// The protocol version of the client.
    var version: ProtocolVersion
    /// The client's path of the repository; nil if there is none.
    var path: String?
    /// Indicates that the client asks for verbose logging.
    var isVerbose: Bool

    /// Parses a command.
    ///
    /// - Throws: `ProtocolError` with `malformed` if the command starts no receiver, and with `outOfOrder` if it starts that
    ///   of ostree-push 1.x, which pulls from the client.
    init(parsing command: String) throws(ProtocolError) {
        func refused(_ reason: String) -> ProtocolError {
            ProtocolError(
                .malformed,
                "'\(command.forDisplay(limit: 200))' is not run: \(reason), and this login is for pushing artifacts alone, "
                    + "with 'bst-artifact push'")
        }
        guard let words = command.shellWords else { throw refused("its quotation marks do not match") }
        if words.first?.contains("ostree-receive") == true, words.contains(where: { $0.hasPrefix("http://") })
        {
            throw ProtocolError(
                .outOfOrder,
                "'\(command.forDisplay(limit: 200))' is not run: this client is ostree-push 1.x, which has the server pull from "
                    + "it, and this server takes pushes: use 'bst-artifact push', or ostree-push 0.x")
        }
        var rest = words[...]
        let program = rest.popFirst()?.split(separator: "/").last ?? ""
        switch program {
        case "bst-artifact-receive": version = .one
        case "ostree-receive", "ostree-receive-0": version = .zero
        default: throw refused("it asks for another program")
        }
        isVerbose = false
        var takesOptions = true
        while let word = rest.popFirst() {
            switch word {
            case "--" where takesOptions: takesOptions = false
            case "--verbose" where takesOptions, "-v" where takesOptions: isVerbose = true
            case "--debug" where takesOptions: isVerbose = true
            case "--repo" where takesOptions: path = rest.popFirst()
            case _ where takesOptions && word.hasPrefix("--repo="): path = String(word.dropFirst(7))
            case _ where takesOptions && word.hasPrefix("-"):
                throw refused("its option '\(word.forDisplay(limit: 80))' is not for clients to set")
            default:
                guard path == nil else { throw refused("it names more than one repository") }
                path = word
            }
        }
    }
}
