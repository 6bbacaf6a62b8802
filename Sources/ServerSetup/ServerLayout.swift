// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import TextCoding

/// The places of a cache's parts on its server.
package struct ServerLayout {
    /// The user who owns the cache, and whom clients push as.
    package let user: String
    /// That user's home directory.
    package let home: String
    /// The path of the repository, or the address of a cache in a bucket, `s3://BUCKET/PREFIX`.
    package let repository: String
    /// The URL that the receiver tells clients to pull from; nil to leave it as it is.
    package let pullURL: String?
    /// The file with sshd's settings for the user.
    package let sshdConfiguration: String
    /// The path of the receiver.
    package let receiver: String
    /// True if the receiver was named, false if it is the one beside this program.
    package let isReceiverNamed: Bool
    /// The path of this program.
    private let program: String

    /// Creates a layout.
    ///
    /// - Parameters:
    ///   - repository: the path of the repository, or a bucket; `repo` in the home directory if nil.
    ///   - receiver: the path of the receiver; `bst-artifact-receive` beside this program if nil.
    package init(
        user: String, home: String, repository: String?, pullURL: String?, sshdConfiguration: String,
        receiver: String?
    ) {
        self.user = user
        self.home = home
        self.repository = repository ?? "\(home)/repo"
        self.pullURL = pullURL
        self.sshdConfiguration = sshdConfiguration
        let own = ChildProcess.ownPath ?? "/usr/bin/bst-artifact"
        program = own
        let directory = own[..<(own.lastIndex(of: "/") ?? own.startIndex)]
        self.receiver = receiver ?? "\(directory)/bst-artifact-receive"
        isReceiverNamed = receiver != nil
    }

    /// Indicates that the cache is in a bucket.
    package var isInBucket: Bool { repository.hasPrefix("s3://") }

    /// The path behind `HOST:` in the address that builders push to. With a bucket it says nothing, so it is a short one.
    package var pathForBuilders: String {
        isInBucket ? repository.split(separator: "/").last.map(String.init) ?? "" : repository
    }

    /// The bucket, as a user finds it.
    func bucket(of user: SystemUser) -> ServerBucket {
        ServerBucket(address: repository, user: user, program: program)
    }

    var authorizedKeys: String { "\(home)/.ssh/authorized_keys" }

    /// The command that sshd starts, quoted for a shell.
    var forceCommand: String {
        var words = [receiver, "--verbose"]
        if let pullURL { words += ["--pull-url", pullURL] }
        return (words + [repository]).map(\.shellQuoted).joined(separator: " ")
    }

    /// Returns true if a command names the repository, by its path or relative to the home directory.
    func isRepositoryNamed(in words: [String]) -> Bool {
        words.contains { $0 == repository || "\(home)/\($0)" == repository }
    }
}
