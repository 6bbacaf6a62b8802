// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls
import TextCoding

/// The command that starts a receiver at a remote.
public struct ReceiverCommand: Sendable, Equatable {
    /// The program and its arguments, to be started on this machine.
    public let arguments: [String]
    /// True if the first of them is ssh.
    let usesSSH: Bool
    /// The receiver, for messages.
    let receiver: String
    /// The remote, for messages.
    let remote: String

    /// The settings for starting receivers.
    public struct Options: Sendable {
        /// The version of the protocol.
        public var version = ProtocolVersion.one
        /// The receiver's name, path, or command with arguments; nil for the usual one.
        public var receiver: String?
        /// The ssh program, with options, quoted as for a shell.
        public var ssh = "ssh"
        /// Asks the receiver to log its steps.
        public var isVerbose = false

        /// The options that reach a BuildStream 1.0 receiver.
        public init() {}
    }

    /// Determines the command for a remote.
    ///
    /// - Throws: `ClientError` where nothing can be pushed to such a remote.
    public init(_ remote: RemoteAddress, options: Options) throws(ClientError) {
        self.remote = "\(remote)"
        switch remote {
        case .web:
            throw ClientError(
                .unsuitableRemote,
                "cannot push to \(remote): web servers only serve, so name the cache's ssh address, for example "
                    + "ssh://USER@HOST/PATH")
        case .local(let address):
            receiver = options.receiver ?? ReceiverCommand.ownReceiver
            usesSSH = false
            let own = options.version == .zero && options.receiver == nil ? ["--protocol", "0"] : []
            let rest = own + ReceiverCommand.receiverArguments(address.path, options)
            arguments =
                options.receiver == nil
                ? [receiver] + rest : ["/bin/sh", "-c", "exec \(receiver) \"$@\"", receiver] + rest
        case .ssh(let address):
            receiver =
                options.receiver ?? (options.version == .zero ? "ostree-receive" : "bst-artifact-receive")
            usesSSH = true
            guard var command = options.ssh.shellWords else {
                throw ClientError(
                    .unsuitableRemote,
                    "cannot start ssh as '\(options.ssh)': name a program, and close quotation marks")
            }
            if let user = address.user { command += ["-l", user] }
            if let port = address.port { command += ["-p", "\(port)"] }
            let rest = ReceiverCommand.receiverArguments(address.path, options).map(\.shellQuoted)
            arguments = command + [address.host, ([receiver] + rest).joined(separator: " ")]
        }
    }

    private static func receiverArguments(_ path: String, _ options: Options) -> [String] {
        switch options.version {
        case .zero: (options.isVerbose ? ["--verbose"] : []) + ["--repo=\(path)"]
        case .one: (options.isVerbose ? ["--verbose"] : []) + [path]
        }
    }

    /// The receiver beside this program, or the one in PATH.
    private static var ownReceiver: String {
        let name = "bst-artifact-receive"
        guard let own = ChildProcess.ownPath else { return name }
        guard let slash = own.lastIndex(of: "/") else { return name }
        let beside = own[...slash] + name
        return access(String(beside), X_OK) == 0 ? String(beside) : name
    }
}
