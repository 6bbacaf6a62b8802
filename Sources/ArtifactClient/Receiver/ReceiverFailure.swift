// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The reason why a receiver or ssh exited early, taken from its exit status and standard error.
struct ReceiverFailure {
    let error: ClientError

    /// The messages of OpenSSH and their meanings.
    private static let sshMessages: [(text: String, code: ClientError.Code, meaning: String)] = [
        (
            "Permission denied", .accessDenied,
            "it does not accept your key or user name: ask its administrator to add your public key, or load the right key "
                + "into your agent"
        ),
        (
            "REMOTE HOST IDENTIFICATION HAS CHANGED", .accessDenied,
            "its host key is not the one that ssh remembers: find out why before you change ~/.ssh/known_hosts"
        ),
        (
            "Host key verification failed", .accessDenied,
            "its host key is not known: connect once with ssh and compare the key, or add it to ~/.ssh/known_hosts"
        ),
        (
            "Could not resolve hostname", .unreachable,
            "there is no host of that name: check its spelling and the network"
        ),
        ("Connection refused", .unreachable, "nothing listens there: check the port, and that sshd runs"),
        (
            "Connection timed out", .unreachable,
            "it does not answer: check the address, the network and firewalls"
        ),
        ("No route to host", .unreachable, "there is no way to it: check the network"),
        ("Network is unreachable", .unreachable, "there is no way to it: check the network"),
        (
            "kex_exchange_identification", .unreachable,
            "what listens there does not speak ssh: check the port"
        ),
        (
            "Connection closed", .dropped,
            "the connection was closed: try again, and look at the server's log if it stays"
        ),
        ("Connection reset", .dropped, "the connection was reset: try again"),
        ("Broken pipe", .dropped, "the connection broke: try again"),
    ]

    init(_ command: ReceiverCommand, exit: ChildProcess.Exit, messages: String) {
        let last = messages.split(whereSeparator: \.isNewline).last.map { String($0).forDisplay(limit: 400) }
        let code: ClientError.Code
        let cause: String
        switch exit {
        case .status(255) where command.usesSSH:
            let known = ReceiverFailure.sshMessages.first { messages.contains($0.text) }
            let said = last.map { "ssh says '\($0)'" } ?? "ssh does not say why"
            code = known?.code ?? .dropped
            cause = known?.meaning ?? "the connection ended early, and \(said): try again"
        // The exit statuses of shells for a program that does not exist or cannot be executed.
        case .status(127), .status(126):
            code = .noReceiver
            cause =
                "it has no program '\(command.receiver)': install it there, in the PATH of that user, or name it with "
                + "--receiver"
        case .status(0):
            code = .dropped
            cause = "the receiver ended before the push was complete, without saying why: push again"
        case .status(let status):
            let said =
                last.map { "its last message is '\($0)'" } ?? "it did not say why; see the server's log"
            code = .refused
            cause = "the receiver failed (status \(status)): \(said)"
        case .signal(let signal):
            code = .dropped
            cause =
                "\(command.usesSSH ? "ssh" : "the receiver") was killed by signal \(signal) before the push was complete: "
                + "push again"
        }
        error = ClientError(code, "cannot work with the receiver of \(command.remote): \(cause)")
    }
}
