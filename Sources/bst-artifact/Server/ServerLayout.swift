// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactProtocol
import Glibc
import SystemCalls
import TextCoding

/// Where the parts of a cache are on its server.
struct ServerLayout: ParsableArguments {
    @Option(help: "The user who owns the cache, and whom clients push as.")
    var user = "artifacts"

    @Option(help: ArgumentHelp("That user's home directory.", valueName: "folder"))
    var home = "/var/lib/artifacts"

    @Option(
        name: .customLong("repo"),
        help: ArgumentHelp("The repository. (default: 'repo' in the home directory)", valueName: "path"))
    var repositoryOption: String?

    @Option(
        name: .customLong("pull-url"),
        help: ArgumentHelp(
            "Where the repository can be pulled from. The receiver tells it to clients.", valueName: "url"))
    var pullURL: String?

    @Option(
        name: .customLong("sshd-config"),
        help: ArgumentHelp("The file with sshd's settings for that user.", valueName: "file"))
    var sshdConfiguration = "/etc/ssh/sshd_config.d/50-bst-artifact.conf"

    @Option(
        name: .customLong("receiver"),
        help: ArgumentHelp(
            "The receiver's program. (default: bst-artifact-receive beside this program)", valueName: "path"))
    var receiverOption: String?

    func validate() throws {
        let isName = user.utf8.first.map { $0 >= 97 && $0 <= 122 || $0 == 95 } ?? false
        let rest = user.utf8.allSatisfy {
            (97...122).contains($0) || (48...57).contains($0) || $0 == 95 || $0 == 45
        }
        guard isName && rest && user.utf8.count <= 32 else {
            throw ValidationError("'\(user.forDisplay())' is no user name: use a-z, digits, '_' and '-'.")
        }
        guard user != "root" else {
            throw ValidationError("The cache's user is not root: clients push as this user.")
        }
        for path in [home, repository, sshdConfiguration, receiver] {
            guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 32 && $0 != 127 }) else {
                throw ValidationError("'\(path.forDisplay())' is not an absolute path without blanks.")
            }
        }
        if let pullURL {
            guard pullURL.hasPrefix("https://") || pullURL.hasPrefix("http://"),
                pullURL.utf8.allSatisfy({ $0 > 32 && $0 != 127 })
            else { throw ValidationError("'\(pullURL.forDisplay())' is no web address.") }
        }
    }

    var repository: String { repositoryOption ?? "\(home)/repo" }
    var authorizedKeys: String { "\(home)/.ssh/authorized_keys" }

    /// Whether the receiver is named, and not the one beside this program.
    var namesReceiver: Bool { receiverOption != nil }

    var receiver: String {
        if let receiverOption { return receiverOption }
        let own = ChildProcess.ownPath ?? "/usr/bin/bst-artifact"
        return String(own[..<(own.lastIndex(of: "/") ?? own.startIndex)]) + "/bst-artifact-receive"
    }

    /// What sshd starts, quoted for a shell.
    var forceCommand: String {
        var words = [receiver, "--verbose"]
        if let pullURL { words += ["--pull-url", pullURL] }
        return (words + [repository]).map(\.shellQuoted).joined(separator: " ")
    }
}
