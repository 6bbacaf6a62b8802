// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls
import TextCoding

extension ServerDiagnosis {
    mutating func checkRepository(_ user: SystemUser?) {
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
        checkFlatpak(for: repository)
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

    /// In a shared repository, directories of other members must be writable to the group. Files are only replaced.
    private mutating func checkGroup(of repository: Repository, _ user: SystemUser, _ parts: [String]) {
        let fanout = (try? Directory("\(repository.path)/objects"))?.entriesIfReadable ?? []
        let places = parts + fanout.sorted().map { "/objects/\($0)" }
        let wrong = places.first { place in
            let status = try? Directory.status(at: repository.path + place, followingLinks: false)
            guard let status, status.st_mode & S_IFMT == S_IFDIR else { return false }
            return status.st_uid != user.identifier && status.st_mode & S_IWGRP == 0
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
        let status = try? Directory.status(at: path, followingLinks: false)
        return status.map { $0.st_uid != user.identifier } ?? false
    }

    /// Returns a directory below `objects`, or an object, that belongs to another user. It checks all directories, and the
    /// objects of some until there were 10,000.
    private func foreignObject(in objects: String, _ user: SystemUser) -> String? {
        let fanout = ((try? Directory(objects))?.entriesIfReadable ?? []).sorted()
        if let directory = fanout.first(where: { isForeign("\(objects)/\($0)", user) }) { return directory }
        var count = 0
        for directory in fanout {
            for object in (try? Directory("\(objects)/\(directory)"))?.entriesIfReadable ?? [] {
                if isForeign("\(objects)/\(directory)/\(object)", user) { return "\(directory)/\(object)" }
                count += 1
            }
            if count > 10_000 { break }
        }
        return nil
    }

    /// Checks that other users, such as that of a web server, can enter the repository.
    private mutating func checkReadable(_ path: String) {
        var directories = ["/"]
        for part in path.split(separator: "/") {
            directories.append((directories.last == "/" ? "/" : "\(directories.last ?? "")/") + part)
        }
        for directory in directories + ["\(path)/objects", "\(path)/refs/heads"] {
            guard let status = try? Directory.status(at: directory, followingLinks: true),
                status.st_mode & 0o001 == 0
            else { continue }
            return note(
                .warning, "others may not enter \(directory), so a web server cannot serve the repository",
                "chmod o+x \(directory)")
        }
        note(.fine, "a web server can read the repository")
    }

    private func summaryCommand(_ repository: Repository) -> String {
        "runuser -u \(layout.user) -- bst-artifact repo summary --repo \(repository.path)"
    }

    private mutating func checkFlatpak(for repository: Repository) {
        guard (try? repository.isFlatpakRepository()) == true else { return }
        if FlatpakProgram.find().isInstalled {
            note(.fine, "flatpak is installed, and makes the metadata of its repository")
        } else {
            note(
                .warning, "flatpak is not installed, so its users cannot search for what is pushed",
                "apt install flatpak && \(summaryCommand(repository))")
        }
    }

    private mutating func checkSummary(of repository: Repository) {
        let remedy = summaryCommand(repository)
        guard let summary = try? Directory.status(at: "\(repository.path)/summary", followingLinks: true)
        else {
            return note(
                .error, "there is no summary, so nothing can be listed and BuildStream pushes nothing", remedy
            )
        }
        guard let heads = try? Directory("\(repository.path)/refs/heads"),
            let newest = try? ServerDiagnosis.newest(in: heads)
        else { return note(.warning, "the refs cannot be read", "run this as root") }
        // The summary is made a moment after the refs have moved.
        let age = newest - summary.st_mtim.tv_sec
        if age > 60 || (try? repository.isSummaryUpdateRequested()) == true && age > 0 {
            note(
                .error,
                "the summary is \(Format.duration(.seconds(max(0, age)))) older than the newest ref directory",
                remedy)
        } else {
            note(.fine, "the summary is of \(Format.date(UInt64(clamping: summary.st_mtim.tv_sec)))")
        }
    }

    /// Returns the latest modification time of the directories of refs, which every move of a ref renews by its renaming.
    private static func newest(in directory: Directory, depth: Int = 0) throws -> Int {
        var newest = try directory.descriptor.status().st_mtim.tv_sec
        guard depth < 8 else { return newest }
        for entry in try directory.entries() {
            guard let child = try? directory.directory(entry) else { continue }
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
}

extension Directory {
    /// The names in it; none if it cannot be read.
    fileprivate var entriesIfReadable: [String] { (try? entries()) ?? [] }
}
