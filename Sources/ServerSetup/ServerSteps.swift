// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls

/// One change that setting up a server makes.
package struct ServerStep {
    /// A sentence's part that says what will be done: `make the user artifacts`.
    package let description: String
    /// Makes the change.
    package let run: () throws -> Void
}

/// The changes that a server needs before it has a cache. What is right already needs none.
package struct ServerSteps {
    private let layout: ServerLayout
    private let keys: [AuthorizedKey]

    /// Plans the setup of a server.
    ///
    /// - Parameter keys: public keys that may push.
    package init(layout: ServerLayout, keys: [AuthorizedKey]) {
        self.layout = layout
        self.keys = keys
    }

    /// Returns the steps in the order to run them.
    package func all() throws -> [ServerStep] {
        var steps: [ServerStep] = []
        func plan(_ description: String, _ run: @escaping () throws -> Void) {
            steps.append(ServerStep(description: description, run: run))
        }
        let user = SystemUser(named: layout.user)
        if let user, user.home != layout.home {
            throw RepositoryError(
                .conflict,
                "user \(layout.user) exists with the home directory \(user.home): give --home \(user.home), or another --user"
            )
        }
        if user == nil { plan("make the user \(layout.user), whose home is \(layout.home)", makeUser) }
        if try user != nil && !Directory.exists(layout.home) {
            plan("make the directory \(layout.home)", makeHome)
        }
        if layout.isInBucket {
            // The cache is made at the end, since that may fail for lack of credentials.
        } else if try !Directory.exists("\(layout.repository)/config") {
            plan("make a repository of mode archive at \(layout.repository)", makeRepository)
        } else if try Repository(layout.repository).mode != .archive {
            throw RepositoryError(
                .unsuitableMode,
                "there is a repository at \(layout.repository) that is not of mode archive: name another --repo"
            )
        }
        if !layout.isInBucket, let step = try summaryStep() { steps.append(step) }
        if let step = try settingsStep() { steps.append(step) }
        let present =
            try Directory.fileAnywhereIfPresent(layout.authorizedKeys).map(AuthorizedKey.lines) ?? []
        let known = Set(present.compactMap(\.material))
        for key in keys where !known.contains(key.material ?? key.line) {
            plan("let the key '\(key.name)' push, in \(layout.authorizedKeys)") { try add(key) }
        }
        if layout.isInBucket, try !hasCacheInBucket(user) {
            plan(
                "make a cache at \(layout.repository), with the settings and credentials in \(layout.home)/.aws",
                makeCacheInBucket)
        }
        return steps
    }

    /// Makes a summary for a repository that lacks one.
    private func summaryStep() throws -> ServerStep? {
        guard try Directory.exists("\(layout.repository)/config") else { return nil }
        let repository = try Repository(layout.repository)
        guard try repository.lacksSummary() else { return nil }
        return ServerStep(
            description: "make a summary of \(layout.repository), without which BuildStream pushes nothing"
        ) {
            repository.permissions.adopt()
            try repository.updateSummary()
            // In a shared repository the files keep their group.
            let owner = repository.permissions.isShared ? layout.user : "\(layout.user):"
            try Shell.run([
                "chown", "-R", owner, "\(layout.repository)/summary",
                "\(layout.repository)/state",
            ])
        }
    }

    /// Writes sshd's settings, unless they are right already.
    private func settingsStep() throws -> ServerStep? {
        let old = try text(of: layout.sshdConfiguration)
        let settings = SSHDSettings(layout: layout)
        let new = old.map(settings.adapting) ?? settings.text
        guard new != old else { return nil }
        let action = old == nil ? "write" : "change"
        let kept = old == nil ? "" : ", and keep the old ones beside it as .old"
        return ServerStep(
            description:
                "\(action) sshd's settings for that user, \(layout.sshdConfiguration)\(kept); check them "
                + "with 'sshd -t', and let sshd read them"
        ) {
            try write(new, replacing: old)
        }
    }

    /// Returns a file's content; nil if it does not exist.
    private func text(of path: String) throws -> String? {
        guard let bytes = try Directory.fileAnywhereIfPresent(path)?.readAll(limit: 1 << 20) else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func hasCacheInBucket(_ user: SystemUser?) throws -> Bool {
        guard let bucket = user.map(layout.bucket), bucket.isAccessible else { return false }
        return try bucket.check() == nil
    }

    // MARK: The changes

    private func makeUser() throws {
        // With '*', no password fits, and sshd does not take the account for a locked one.
        try Shell.run([
            "useradd", "--system", "--user-group", "--create-home", "--home-dir", layout.home, "--shell",
            "/bin/sh",
            "--password", "*", layout.user,
        ])
        try Shell.run(["chmod", "755", layout.home])
    }

    private func makeHome() throws {
        try Shell.run([
            "install", "-d", "-m", "755", "-o", layout.user, "-g", layout.user, layout.home,
        ])
    }

    private func makeRepository() throws {
        // Made by root, since its owner may lack the permission, and given to the owner afterwards.
        try Directory.makeParents(of: layout.repository)
        RepositoryPermissions.ofOwner.adopt()
        try Repository.create(layout.repository, mode: .archive).updateSummary()
        try Shell.run(["chown", "-R", "\(layout.user):", layout.repository])
    }

    private func makeCacheInBucket() throws {
        guard let user = SystemUser(named: layout.user) else {
            throw RepositoryError(.notAllowed, "there is no user \(layout.user) to make a cache as")
        }
        let bucket = layout.bucket(of: user)
        guard let failure = try bucket.make() else { return }
        throw RepositoryError(
            .notAllowed,
            "everything else is done, but there is no cache yet: \(failure.message); give \(user.name) what is missing in "
                + "\(bucket.settings)/config and \(bucket.settings)/credentials, and run this again")
    }

    private func write(_ settings: String, replacing old: String?) throws {
        let path = layout.sshdConfiguration
        if old != nil { try Shell.run(["cp", "-p", path, "\(path).old"]) }
        try Directory.makeParents(of: path)
        try ServerSteps.write(settings, to: path)
        do {
            try SSHD.check()
        } catch {
            // sshd would not start with settings that it refuses.
            if let old { try ServerSteps.write(old, to: path) } else { unlink(path) }
            throw RepositoryError(
                .conflict, "sshd does not take the settings, so \(path) is as it was before: \(error)")
        }
        try SSHD.reload()
    }

    private func add(_ key: AuthorizedKey) throws {
        guard let user = SystemUser(named: layout.user) else {
            throw RepositoryError(.notAllowed, "there is no user \(layout.user) to add a key for")
        }
        let directory = "\(layout.home)/.ssh"
        // Root must not follow a link that the user has put there.
        if let status = try Directory.status(at: directory, followingLinks: false),
            status.st_mode & S_IFMT != S_IFDIR
        {
            throw RepositoryError(
                .conflict,
                "\(directory) is no directory, so no key is added there: look at it, and remove it")
        }
        try Shell.run([
            "install", "-d", "-m", "700", "-o", layout.user, "-g", "\(user.group)", directory,
        ])
        var lines = try text(of: layout.authorizedKeys) ?? ""
        if !lines.isEmpty && !lines.hasSuffix("\n") { lines += "\n" }
        try ServerSteps.write(lines + key.line + "\n", to: layout.authorizedKeys, mode: 0o600)
        guard lchown(layout.authorizedKeys, user.identifier, user.group) == 0 else {
            throw SystemError("give \(layout.authorizedKeys) to \(layout.user)")
        }
    }

    /// Replaces a small file atomically.
    private static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let directory = try Directory("\(path[..<slash])/")
        try directory.replaceFile(
            String(path[slash...].dropFirst()), of: directory, with: Array(text.utf8), mode: mode)
    }
}
