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
    let receiver: String
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
            (usesSSH, receiver, arguments) = ReceiverCommand.onThisMachine(address.path, options)
        case .bucket(let address):
            (usesSSH, receiver, arguments) = ReceiverCommand.onThisMachine("\(address)", options)
        case .ssh(let address):
            usesSSH = true
            receiver =
                options.receiver ?? (options.version == .zero ? "ostree-receive" : "bst-artifact-receive")
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

    /// The command for a repository that a receiver on this machine reaches.
    private static func onThisMachine(
        _ path: String, _ options: Options
    ) -> (usesSSH: Bool, receiver: String, arguments: [String]) {
        let rest = receiverArguments(path, options)
        guard let named = options.receiver else {
            return (
                false, ownReceiver,
                [ownReceiver] + (options.version == .zero ? ["--protocol", "0"] : []) + rest
            )
        }
        return (false, named, ["/bin/sh", "-c", "exec \(named) \"$@\"", named] + rest)
    }

    private static func receiverArguments(_ path: String, _ options: Options) -> [String] {
        (options.isVerbose ? ["--verbose"] : []) + [options.version == .zero ? "--repo=\(path)" : path]
    }

    /// The receiver beside this program, or the one in PATH.
    private static var ownReceiver: String {
        let name = "bst-artifact-receive"
        guard let own = ChildProcess.ownPath, let slash = own.lastIndex(of: "/") else { return name }
        let beside = String(own[...slash] + name)
        return access(beside, X_OK) == 0 ? beside : name
    }
}
