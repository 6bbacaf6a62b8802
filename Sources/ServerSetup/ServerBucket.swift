// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// A cache in a bucket, as the user finds it for whom sshd starts the receiver.
///
/// Everything is done by a program that runs as this user with sshd's environment: the settings in the user's `~/.aws` may
/// name a program that gives credentials, which must not run as root.
struct ServerBucket {
    let address: String
    let user: SystemUser
    /// The path of `bst-artifact`.
    let program: String

    /// A command that failed.
    struct Failure {
        /// The message of the program.
        let message: String
        /// Indicates that there is no such bucket, or no cache in it.
        let isMissing: Bool
    }

    /// Indicates that this process may act as the user.
    var isAccessible: Bool { geteuid() == 0 || geteuid() == user.identifier }

    /// The directory for settings and credentials in the form of the AWS tools.
    var settings: String { "\(user.home)/.aws" }

    /// Checks that the user can write the cache, and that the store keeps the conditions of writes; nil if all is well.
    func check() throws -> Failure? { try run(["check", "--remote", address]) }

    /// Makes the cache unless there is one; nil if all is well.
    func make() throws -> Failure? { try run(["init", address]) }

    private func run(_ arguments: [String]) throws -> Failure? {
        let environment = [
            "env", "-i", "-C", "/", "HOME=\(user.home)", "USER=\(user.name)", "PATH=/usr/bin:/bin", program,
        ]
        let change = geteuid() == 0 ? ["runuser", "-u", user.name, "--"] : []
        let (output, exit) = try Shell.result(change + environment + arguments)
        guard exit != .status(0) else { return nil }
        let line = output.split(whereSeparator: \.isNewline).last.map(String.init) ?? "it says nothing"
        let message = line.hasPrefix("Error: ") ? String(line.dropFirst("Error: ".count)) : line
        return Failure(message: message.forDisplay(limit: 600), isMissing: exit == .status(3))
    }
}
