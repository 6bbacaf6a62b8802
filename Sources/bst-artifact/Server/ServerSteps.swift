// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// One thing that setting up a server does.
struct ServerStep {
    /// What it does, for people, before it does it.
    let description: String
    /// Does it.
    let run: () throws -> Void
}

/// What is to be done to a server so that it has a cache. What is right already is no step.
struct ServerSteps {
    let layout: ServerLayout
    /// Public keys that may push, each on one line as in `authorized_keys`.
    let keys: [String]

    /// The steps in their order.
    func all() throws -> [ServerStep] {
        var steps: [ServerStep] = []
        let user = SystemUser(named: layout.user)
        if let user, user.home != layout.home {
            throw RepositoryError(
                .conflict,
                "user \(layout.user) exists with the home directory \(user.home): give --home \(user.home), or another --user"
            )
        }
        if user == nil {
            steps.append(
                ServerStep(
                    description: "make the user \(layout.user), whose home is \(layout.home)", run: makeUser))
        }
        if try user != nil && !Directory.exists(layout.home) {
            steps.append(ServerStep(description: "make the folder \(layout.home)", run: makeHome))
        }
        if try !Directory.exists("\(layout.repository)/config") {
            steps.append(
                ServerStep(
                    description: "make a repository of mode archive at \(layout.repository)",
                    run: makeRepository))
        } else if try Repository(layout.repository).mode != .archive {
            throw RepositoryError(
                .unsuitableMode,
                "there is a repository at \(layout.repository) that is not of mode archive: name another --repo"
            )
        }
        if let step = try summaryStep() { steps.append(step) }
        if let step = try settingsStep() { steps.append(step) }
        let present =
            try text(of: layout.authorizedKeys)?.split(whereSeparator: \.isNewline).map(String.init) ?? []
        let known = Set(present.compactMap { ServerSteps.material(of: $0) })
        for key in keys where !known.contains(ServerSteps.material(of: key) ?? key) {
            steps.append(
                ServerStep(
                    description:
                        "let the key '\(ServerSteps.name(of: key))' push, in \(layout.authorizedKeys)"
                ) {
                    try add(key)
                })
        }
        return steps
    }

    /// Makes a summary for a repository that is there without one.
    private func summaryStep() throws -> ServerStep? {
        guard try Directory.exists("\(layout.repository)/config") else { return nil }
        let repository = try Repository(layout.repository)
        guard try repository.lacksSummary() else { return nil }
        return ServerStep(
            description: "make a summary of \(layout.repository), without which BuildStream pushes nothing"
        ) {
            repository.permissions.adopt()
            try repository.updateSummary()
            // The group of a shared repository is the group of everything in it.
            let owner = repository.permissions.isShared ? layout.user : "\(layout.user):"
            try Shell.run([
                "chown", "-R", owner, "\(layout.repository)/summary",
                "\(layout.repository)/state",
            ])
        }
    }

    /// Writes sshd's settings, if they are not right already.
    private func settingsStep() throws -> ServerStep? {
        let old = try text(of: layout.sshdConfiguration)
        let settings = SSHDSettings(for: layout)
        let new = old.map(settings.adapting) ?? settings.text
        guard new != old else { return nil }
        let action = old == nil ? "write" : "change"
        let kept = old == nil ? "" : ", and keep the old ones beside it as .old"
        return ServerStep(
            description:
                "\(action) sshd's settings for that user, \(layout.sshdConfiguration)\(kept); check them "
                + "with 'sshd -t', and let sshd read them"
        ) {
            try write(new, in: old)
        }
    }

    /// The key itself, in base64, without its type and comment.
    static func material(of line: String) -> String? {
        let words = line.split(separator: " ").map(String.init)
        guard let place = words.firstIndex(where: isKeyType), place + 1 < words.count else { return nil }
        return words[place + 1]
    }

    static func isKeyType(_ word: String) -> Bool {
        word.hasPrefix("ssh-") || word.hasPrefix("ecdsa-sha2-") || word.hasPrefix("sk-")
    }

    private static func name(of key: String) -> String {
        let comment = key.split(separator: " ").dropFirst(2).joined(separator: " ")
        return (comment.isEmpty ? String(key.prefix(40)) : comment).forDisplay(limit: 60)
    }

    /// - Returns: nil where there is no such file.
    private func text(of path: String) throws -> String? {
        guard let bytes = try Directory.fileAnywhereIfPresent(path)?.readAll(limit: 1 << 20) else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: What the steps do

    private func makeUser() throws {
        // No password fits, and sshd does not take the account for a locked one.
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
        // As its owner, unless that may not write there: then its owner is told afterwards.
        try Environment.makeFolders(layout.repository)
        RepositoryPermissions.ofOwner.adopt()
        try Repository.create(layout.repository, mode: .archive).updateSummary()
        try Shell.run(["chown", "-R", "\(layout.user):", layout.repository])
    }

    private func write(_ settings: String, in old: String?) throws {
        let path = layout.sshdConfiguration
        if old != nil { try Shell.run(["cp", "-p", path, "\(path).old"]) }
        try Environment.makeFolders(path)
        try ServerSteps.write(settings, to: path)
        do {
            try SSHD.check()
        } catch {
            // What sshd refuses would keep it from starting.
            if let old { try ServerSteps.write(old, to: path) } else { unlink(path) }
            throw RepositoryError(
                .conflict, "sshd does not take the settings, so \(path) is as it was before: \(error)")
        }
        try SSHD.reload()
    }

    private func add(_ key: String) throws {
        guard let user = SystemUser(named: layout.user) else {
            throw RepositoryError(.notAllowed, "there is no user \(layout.user) to add a key for")
        }
        let folder = "\(layout.home)/.ssh"
        // Root would follow a link of that user's to anywhere.
        var status = stat()
        if lstat(folder, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
            throw RepositoryError(
                .conflict, "\(folder) is no folder, so no key is added there: look at it, and remove it")
        }
        try Shell.run([
            "install", "-d", "-m", "700", "-o", layout.user, "-g", "\(user.group)", folder,
        ])
        var lines = try text(of: layout.authorizedKeys) ?? ""
        if !lines.isEmpty && !lines.hasSuffix("\n") { lines += "\n" }
        try ServerSteps.write(lines + key + "\n", to: layout.authorizedKeys, mode: 0o600)
        guard lchown(layout.authorizedKeys, user.identifier, user.group) == 0 else {
            throw SystemError("give \(layout.authorizedKeys) to \(layout.user)")
        }
    }

    /// Writes a small file beside its place, and moves it there.
    private static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws {
        let temporary = "\(path).new"
        unlink(temporary)
        let number = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard number >= 0 else { throw SystemError("write \(temporary)") }
        let file = Descriptor(number)
        try file.writeAll(Array(text.utf8))
        try file.sync()
        guard rename(temporary, path) == 0 else { throw SystemError("write \(path)") }
    }
}
