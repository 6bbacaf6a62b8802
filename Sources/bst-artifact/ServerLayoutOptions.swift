// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactProtocol
import S3
import ServerSetup

/// Options for the places of a cache's parts on its server.
struct ServerLayoutOptions: ParsableArguments {
    @Option(help: "The user that owns the cache and that clients push as.")
    var user = "artifacts"

    @Option(help: ArgumentHelp("That user's home directory.", valueName: "directory"))
    var home = "/var/lib/artifacts"

    @Option(
        help: ArgumentHelp(
            "The repository, or a cache in a bucket, s3://BUCKET/PREFIX. (default: 'repo' in the home directory)",
            valueName: "path"))
    var repo: String?

    @Option(help: ArgumentHelp("The URL to pull from, which the receiver tells clients.", valueName: "url"))
    var pullURL: String?

    @Option(help: ArgumentHelp("The file for sshd's settings of that user.", valueName: "file"))
    var sshdConfig = "/etc/ssh/sshd_config.d/50-bst-artifact.conf"

    @Option(
        help: ArgumentHelp(
            "The receiver's program. (default: bst-artifact-receive beside this program)", valueName: "path"))
    var receiver: String?

    var layout: ServerLayout {
        ServerLayout(
            user: user, home: home, repository: repo, pullURL: pullURL, sshdConfiguration: sshdConfig,
            receiver: receiver)
    }

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
        let layout = layout
        if layout.isInBucket {
            do { _ = try S3Location(layout.repository) } catch { throw ValidationError("\(error).") }
        }
        for path in [home, layout.isInBucket ? home : layout.repository, sshdConfig, layout.receiver] {
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
}
