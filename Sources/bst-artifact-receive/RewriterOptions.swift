// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import CommandLineSupport
import SystemCalls

/// Options for the final form of pushed commits.
struct RewriterOptions: ParsableArguments {
    @Flag(
        help: """
            Put commits that do not descend from their ref's commit on top of it: a new commit with the same content and \
            time, bound to the ref.
            """)
    var reparent = false

    @Option(
        name: .customLong("sign-ed25519"),
        help: ArgumentHelp(
            "Sign new commits with the ed25519 key in this file. May be repeated.", valueName: "file"))
    var keyFiles: [String] = []

    @Option(
        name: .customLong("sign-gpg"),
        help: ArgumentHelp("Sign new commits with this GnuPG key. May be repeated.", valueName: "key"))
    var keys: [String] = []

    @Option(
        name: .customLong("sign-gpg-homedir"),
        help: ArgumentHelp("GnuPG's home directory.", valueName: "directory"))
    var home: String?

    /// The rewriter for a repository of a collection, or of none.
    func rewriter(collection: String?) -> CommitRewriter {
        var rewriter = CommitRewriter()
        rewriter.reparents = reparent ? .unrelated : .none
        rewriter.signers = Signer.list(keyFiles: keyFiles, keys: keys, home: home)
        rewriter.collection = collection
        return rewriter
    }

    /// Indicates that a system program signs.
    var startsPrograms: Bool { !keys.isEmpty }

    /// The paths outside of the repository that signing needs.
    var needed: [(path: String, access: Landlock.Access)] {
        Signer.needed(keyFiles: keyFiles, keys: keys, home: home)
    }
}

extension Signer {
    /// The paths outside of the repository that signing with them needs.
    static func needed(
        keyFiles: [String], keys: [String], home: String?
    ) -> [(path: String, access: Landlock.Access)] {
        let gpgHome = home ?? Environment["GNUPGHOME"] ?? Environment["HOME"].map { "\($0)/.gnupg" }
        let writable = keys.isEmpty ? nil : gpgHome
        return keyFiles.map { ($0, .reading) } + (writable.map { [($0, .everything)] } ?? [])
    }
}
