// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TextCoding

/// A client's command for sshd: `bst-artifact-receive [--verbose] PATH`, in version 0 `ostree-receive [--verbose] --repo=PATH`,
/// or of ostree-push 1.x `ostree-receive-1 [-n] [-f] PATH URL [REF...]`.
///
/// sshd passes it to a forced command as `SSH_ORIGINAL_COMMAND`. It is parsed here, and never run.
struct ReceiverInvocation: Equatable, Sendable {
    var version: ProtocolVersion
    /// The client's path of the repository; nil if there is none.
    var path: String?
    var isVerbose: Bool

    /// The pull that the client of ostree-push 1.x asks for; nil if it speaks the protocol.
    var pull: ClientPullRequest?

    /// Parses a command.
    ///
    /// - Throws: `ProtocolError` with `malformed` if the command starts no receiver, and with `outOfOrder` if it has one pull
    ///   from where nothing can be pulled.
    init(parsing command: String) throws(ProtocolError) {
        func refused(_ reason: String) -> ProtocolError {
            ProtocolError(
                .malformed,
                "'\(command.forDisplay(limit: 200))' is not run: \(reason), and this login is for pushing artifacts alone, "
                    + "with 'bst-artifact push'")
        }
        guard let words = command.shellWords else { throw refused("its quotation marks do not match") }
        var rest = words[...]
        let program = rest.popFirst()?.split(separator: "/").last ?? ""
        switch program {
        case "bst-artifact-receive", "ostree-receive-1": version = .one
        case "ostree-receive", "ostree-receive-0": version = .zero
        default: throw refused("it asks for another program")
        }
        let mayPull = program == "ostree-receive" || program == "ostree-receive-1"
        isVerbose = false
        var pullOptions: [String] = []
        var operands: [String] = []
        var takesOptions = true
        while let word = rest.popFirst() {
            switch word {
            case "--" where takesOptions: takesOptions = false
            case "--verbose" where takesOptions, "-v" where takesOptions: isVerbose = true
            case "--debug" where takesOptions: isVerbose = true
            case "--repo" where takesOptions: path = rest.popFirst()
            case _ where takesOptions && word.hasPrefix("--repo="): path = String(word.dropFirst(7))
            case _ where takesOptions && mayPull && ClientPullOptions.hasFlag(word): pullOptions.append(word)
            case _ where takesOptions && word.hasPrefix("-"):
                throw refused("its option '\(word.forDisplay(limit: 80))' is not for clients to set")
            default: operands.append(word)
            }
        }
        if path == nil, !operands.isEmpty { path = operands.removeFirst() }
        if mayPull, !operands.isEmpty {
            pull = try ClientPullOptions.request(pullOptions, url: operands.removeFirst(), refs: operands)
        } else if !operands.isEmpty {
            throw refused("it names more than one repository")
        } else if program == "ostree-receive-1" {
            throw ProtocolError(
                .outOfOrder,
                "'\(command.forDisplay(limit: 200))' is not run: it names no address to pull from, as ostree-push does"
            )
        }
    }
}
