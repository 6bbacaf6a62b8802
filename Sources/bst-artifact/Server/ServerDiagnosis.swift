// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls
import TextCoding

/// Looks whether a server's cache works: accounts and permissions, sshd, the repository, its summary, disk, and the web
/// server before it.
struct ServerDiagnosis {
    /// One thing that was looked at.
    struct Finding {
        enum Severity: String {
            case fine = "ok"
            case warning
            case error
        }

        let severity: Severity
        let text: String
        /// What to do about it.
        let remedy: String?
    }

    let layout: ServerLayout
    let web: WebOptions
    private var findings: [Finding] = []

    init(layout: ServerLayout, web: WebOptions) {
        self.layout = layout
        self.web = web
    }

    /// Looks at everything; what depends on something that is wrong is passed over.
    mutating func run() -> [Finding] {
        let user = SystemUser(named: layout.user)
        if let user {
            checkAccount(user)
        } else {
            note(
                .error, "there is no user \(layout.user)",
                "run 'bst-artifact setup-server', or name the one there is with --user")
        }
        checkReceiver()
        if let user { checkSSHD(user) }
        checkRepository(user)
        checkWebServer()
        return findings
    }

    private mutating func note(_ severity: Finding.Severity, _ text: String, _ remedy: String? = nil) {
        findings.append(Finding(severity: severity, text: text, remedy: remedy))
    }

    // MARK: Account

    private mutating func checkAccount(_ user: SystemUser) {
        if Directory.isExecutable(user.shell), !user.shell.hasSuffix("/nologin"),
            !user.shell.hasSuffix("/false")
        {
            note(.fine, "user \(user.name) exists, with the shell \(user.shell)")
        } else {
            note(
                .error,
                "the shell of \(user.name), \(user.shell), starts nothing, so sshd cannot start the receiver",
                "usermod --shell /bin/sh \(user.name)")
        }
        for (path, isNeeded) in [
            (user.home, true), ("\(user.home)/.ssh", false), ("\(user.home)/.ssh/authorized_keys", false),
        ] {
            checkStrictMode(path, of: user, isNeeded: isNeeded)
        }
        let count = keys(of: user).filter { ServerSteps.material(of: $0) != nil && !$0.hasPrefix("#") }.count
        if count > 0 {
            note(.fine, "\(Format.count(count, "key")) may push")
        } else if geteuid() == 0 {
            note(.error, "no key may push", "bst-artifact setup-server --key FILE.pub")
        } else {
            note(.warning, "the keys of \(user.name) cannot be read by you", "run this as root")
        }
    }

    /// The lines of `authorized_keys`, as far as they can be read.
    private func keys(of user: SystemUser) -> [String] {
        let bytes = try? Directory.openAnywhere("\(user.home)/.ssh/authorized_keys").readAll(limit: 1 << 20)
        return String(decoding: bytes ?? [], as: UTF8.self).split(whereSeparator: \.isNewline).map(
            String.init)
    }

    /// sshd does not read keys that others than their owner could change.
    private mutating func checkStrictMode(_ path: String, of user: SystemUser, isNeeded: Bool) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            let error = SystemError("look at \(path)")
            guard error.isNotFound else { return note(.warning, "\(error)", "run this as root") }
            if isNeeded { note(.error, "\(path) is not there", "install -d -o \(user.name) -m 755 \(path)") }
            return
        }
        if status.st_uid != user.identifier && status.st_uid != 0 {
            note(.error, "\(path) belongs to somebody else than \(user.name)", "chown \(user.name) \(path)")
        } else if status.st_mode & 0o022 != 0 {
            note(.error, "others may write to \(path), so sshd does not trust it", "chmod go-w \(path)")
        }
    }

    // MARK: sshd and receiver

    private mutating func checkReceiver() {
        if Directory.isExecutable(layout.receiver) {
            note(.fine, "the receiver is \(layout.receiver)")
        } else {
            note(
                .error, "there is no receiver at \(layout.receiver)",
                "install the package bst-artifact-receive, or name it with --receiver")
        }
    }

    private mutating func checkSSHD(_ user: SystemUser) {
        let settings: [String: [String]]
        do { settings = try SSHD.settings(for: layout.user) } catch {
            let remedy = geteuid() == 0 ? "mend what it says, then: systemctl reload ssh" : "run this as root"
            return note(
                geteuid() == 0 ? .error : .warning, "sshd's settings cannot be looked at (\(error))", remedy)
        }
        let command = settings["forcecommand"]?.first ?? "none"
        let words = command.shellWords ?? []
        if command == "none" {
            note(
                .warning,
                "sshd starts whatever \(layout.user) asks for, unless each key has its command=\"...\"",
                "run 'bst-artifact setup-server', or give each key its command=\"...\",restrict")
        } else if let program = words.first,
            !(program.hasSuffix("bst-artifact-receive") || program.hasSuffix("ostree-receive"))
        {
            note(
                .error,
                "sshd's ForceCommand for \(layout.user) starts \(program.forDisplay()), which is no receiver",
                setup)
        } else if let program = words.first, program.hasPrefix("/"), !Directory.isExecutable(program) {
            note(
                .error, "sshd's ForceCommand starts \(program.forDisplay()), which is not there",
                setup)
        } else if !names(words, layout.repository) && !words.contains("--root") {
            note(
                .error,
                "sshd's ForceCommand (\(command.forDisplay())) names another repository than \(layout.repository)",
                "name that one with --repo, or correct \(layout.sshdConfiguration)")
        } else {
            note(.fine, "sshd starts '\(command.forDisplay())' for \(layout.user)")
        }
        // A ForceCommand goes before the commands of keys.
        if command == "none" {
            if let option = RetiredOption.inKeys(keys(of: user)) {
                note(.warning, option.finding, option.remedy(in: "\(user.home)/.ssh/authorized_keys"))
            }
        } else if let option = RetiredOption(in: words) {
            note(
                .warning, option.finding,
                option.remedy(in: layout.sshdConfiguration) + ", then: systemctl reload ssh")
        }
        let wanted = [
            ("passwordauthentication", "no"), ("permittty", "no"), ("exposeauthinfo", "yes"),
            ("disableforwarding", "yes"),
        ]
        for (name, value) in wanted where settings[name]?.first != value {
            let reason =
                name == "exposeauthinfo"
                ? "the log does not know who pushed" : "\(layout.user) could do more than push"
            note(
                .warning, "sshd's \(name) for \(layout.user) is not '\(value)', so \(reason)",
                setup)
        }
        let allowed = (settings["allowusers"] ?? []).flatMap { $0.split(separator: " ").map(String.init) }
        if !allowed.isEmpty,
            !allowed.contains(where: {
                fnmatch($0.split(separator: "@").first.map(String.init) ?? $0, layout.user, 0) == 0
            })
        {
            note(
                .error, "sshd's AllowUsers does not name \(layout.user)", "add it, then: systemctl reload ssh"
            )
        }
    }

    /// What puts sshd's settings right.
    private var setup: String {
        "bst-artifact setup-server" + (layout.pullURL.map { " --pull-url \($0)" } ?? "")
    }

    /// Whether a command names the repository, as it is or below the home directory.
    private func names(_ words: [String], _ repository: String) -> Bool {
        words.contains { word in
            word == repository || "\(layout.home)/\(word)" == repository
        }
    }

    // MARK: Repository

    private mutating func checkRepository(_ user: SystemUser?) {
        let repository: Repository
        do { repository = try Repository(layout.repository) } catch {
            return note(
                .error, "\(error)", "run 'bst-artifact setup-server', or name the repository with --repo")
        }
        if repository.mode == .archive {
            note(.fine, "the repository at \(repository.path) is of mode archive")
        } else {
            note(
                .error,
                "the repository at \(repository.path) is of mode \(repository.mode), which takes no pushes",
                "make one of mode archive, and copy it with 'ostree --repo=NEW pull-local \(repository.path)'"
            )
        }
        if let user { checkOwner(of: repository, user) }
        checkReadable(repository.path)
        checkSummary(of: repository)
        checkDisk(of: repository)
    }

    private mutating func checkOwner(of repository: Repository, _ user: SystemUser) {
        let parts = ["", "/objects", "/refs", "/refs/heads", "/tmp", "/state", "/summary", "/config"]
        if repository.permissions.isShared { return checkGroup(of: repository, user, parts) }
        let wrong =
            parts.first { isForeign(repository.path + $0, user) }
            ?? foreignObject(in: "\(repository.path)/objects", user).map { "/objects/\($0)" }
        if let wrong {
            note(
                .error, "\(repository.path)\(wrong) does not belong to \(user.name), so that pushes fail",
                "chown -R \(user.name): \(repository.path)")
        } else {
            note(.fine, "the repository belongs to \(user.name)")
        }
    }

    /// In a repository that a group shares, others' directories must be writable to the group. Files are replaced.
    private mutating func checkGroup(of repository: Repository, _ user: SystemUser, _ parts: [String]) {
        let folders = (try? Directory("\(repository.path)/objects"))?.entriesIfReadable ?? []
        let places = parts + folders.sorted().map { "/objects/\($0)" }
        let wrong = places.first { place in
            var status = stat()
            return lstat(repository.path + place, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
                && status.st_uid != user.identifier && status.st_mode & S_IWGRP == 0
        }
        if let wrong {
            note(
                .error, "\(repository.path)\(wrong) cannot be written by the group, so that pushes fail",
                "bst-artifact init --group NAME \(repository.path)")
        } else {
            note(.fine, "the repository is shared by a group")
        }
    }

    private func isForeign(_ path: String, _ user: SystemUser) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_uid != user.identifier
    }

    /// A folder of objects, or an object, of somebody else. All folders are looked at, and thousands of objects.
    private func foreignObject(in objects: String, _ user: SystemUser) -> String? {
        let folders = ((try? Directory(objects))?.entriesIfReadable ?? []).sorted()
        if let folder = folders.first(where: { isForeign("\(objects)/\($0)", user) }) { return folder }
        var count = 0
        for folder in folders {
            for object in (try? Directory("\(objects)/\(folder)"))?.entriesIfReadable ?? [] {
                if isForeign("\(objects)/\(folder)/\(object)", user) { return "\(folder)/\(object)" }
                count += 1
            }
            if count > 10_000 { break }
        }
        return nil
    }

    /// A web server runs as somebody else.
    private mutating func checkReadable(_ path: String) {
        var folders = ["/"]
        for part in path.split(separator: "/") {
            folders.append((folders.last == "/" ? "/" : "\(folders.last ?? "")/") + part)
        }
        for folder in folders + ["\(path)/objects", "\(path)/refs/heads"] {
            var status = stat()
            guard stat(folder, &status) == 0, status.st_mode & 0o001 == 0 else { continue }
            return note(
                .warning, "others may not enter \(folder), so a web server cannot serve the repository",
                "chmod o+x \(folder)")
        }
        note(.fine, "a web server can read the repository")
    }

    private mutating func checkSummary(of repository: Repository) {
        let remedy = "runuser -u \(layout.user) -- bst-artifact repo summary --repo \(repository.path)"
        var summary = stat()
        guard stat("\(repository.path)/summary", &summary) == 0 else {
            return note(
                .error, "there is no summary, so nothing can be listed and BuildStream pushes nothing", remedy
            )
        }
        guard let heads = try? Directory("\(repository.path)/refs/heads"),
            let newest = try? ServerDiagnosis.newest(in: heads)
        else { return note(.warning, "the refs cannot be read", "run this as root") }
        // A summary is made in the moment after the refs have moved.
        let age = newest - summary.st_mtim.tv_sec
        if age > 60 || (try? repository.isSummaryUpdateRequested()) == true && age > 0 {
            note(
                .error,
                "the summary is \(Format.duration(seconds: UInt64(max(0, age)))) older than the newest ref folder",
                remedy)
        } else {
            note(.fine, "the summary is of \(Format.date(UInt64(clamping: summary.st_mtim.tv_sec)))")
        }
    }

    /// When a folder of refs has changed last: refs come and move by renaming.
    private static func newest(in folder: Directory, depth: Int = 0) throws -> Int {
        var newest = try folder.descriptor.status().st_mtim.tv_sec
        guard depth < 8 else { return newest }
        for entry in try folder.entries() {
            guard let child = try? folder.directory(entry) else { continue }
            newest = max(newest, try ServerDiagnosis.newest(in: child, depth: depth + 1))
        }
        return newest
    }

    private mutating func checkDisk(of repository: Repository) {
        var status = statvfs()
        guard statvfs(repository.path, &status) == 0, status.f_blocks > 0 else { return }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        let share = Double(status.f_bavail) / Double(status.f_blocks)
        let text = "\(Format.bytes(free)) of the disk are free"
        let remedy =
            "bst-artifact repo expire --repo \(repository.path) --min-free SIZE, or --min-free for the receiver"
        if share < 0.02 {
            note(.error, text, remedy)
        } else if share < 0.1 {
            note(.warning, text, remedy)
        } else if status.f_files > 0, Double(status.f_favail) / Double(status.f_files) < 0.05 {
            note(.error, "the file system has hardly any inodes left", remedy)
        } else {
            note(.fine, text)
        }
    }

    // MARK: Web server

    private mutating func checkWebServer() {
        guard let url = layout.pullURL ?? toldURL() else {
            return note(
                .warning, "clients are not told where to pull from, and it was not looked at",
                "name it with --pull-url")
        }
        var options = web
        options.attempts = 1
        options.patience = 15
        do {
            let address = try RemoteAddress(parsing: url)
            _ = try RemoteRepository(address, options: options).resolve([])
            if case .web(let place) = address, !place.isEncrypted {
                note(.warning, "\(url) is not encrypted", "serve it over HTTPS")
            } else {
                note(.fine, "\(url) answers with this kind of repository")
            }
        } catch {
            note(
                .error, "\(error)",
                "look at the web server's log, and see the example sites in the documentation")
        }
        checkCertificate(of: url)
    }

    private mutating func checkCertificate(of url: String) {
        guard let days = ServerCertificate(of: url)?.daysLeft else { return }
        let remedy = "renew it, and let the web server read it"
        if days < 0 {
            note(.error, "the certificate of \(url) has expired", remedy)
        } else if days < 14 {
            note(.warning, "the certificate of \(url) is good for \(Format.count(days, "day")) only", remedy)
        } else {
            note(.fine, "its certificate is good for \(Format.count(days, "day"))")
        }
    }

    /// The URL that the ForceCommand tells clients.
    private func toldURL() -> String? {
        guard let command = try? SSHD.settings(for: layout.user)["forcecommand"]?.first else { return nil }
        let words = command.shellWords ?? []
        guard let place = words.firstIndex(of: "--pull-url"), place + 1 < words.count else { return nil }
        return words[place + 1]
    }
}

extension Directory {
    /// What is in it, as far as it can be read.
    fileprivate var entriesIfReadable: [String] { (try? entries()) ?? [] }
}
