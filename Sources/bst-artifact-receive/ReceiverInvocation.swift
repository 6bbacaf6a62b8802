// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TextCoding

/// The command by which a client asks sshd for a receiver: `bst-artifact-receive [--verbose] PATH`, or in version 0
/// `ostree-receive [--verbose] --repo=PATH`.
///
/// sshd hands it to a forced command as `SSH_ORIGINAL_COMMAND`. It is read here, and never run.
struct ReceiverInvocation: Equatable, Sendable {
    /// The version that the client speaks.
    var version: ProtocolVersion
    /// The repository, as the client names it; nil where it names none.
    var path: String?
    /// True if the receiver is to log its steps.
    var isVerbose: Bool

    /// Reads a command.
    ///
    /// - Throws: `ProtocolError` with `malformed` where it asks for anything else than a receiver, and with
    ///   `outOfOrder` where it asks for one that does not take pushes, but pulls.
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
