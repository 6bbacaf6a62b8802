// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The `ostree` program, with which tests prepare repositories and compare the project.
///
/// Every function throws an error with what ostree printed when it fails.
public enum OSTreeCommand {
    /// The modes of a repository.
    public enum Mode: String, Sendable, CaseIterable {
        /// Files as they are, with owner and all; needs root.
        case bare
        /// Files of any owner, kept by an ordinary user.
        case bareUser = "bare-user"
        /// Files whose owner and attributes do not matter.
        case bareUserOnly = "bare-user-only"
        /// Compressed files, for serving.
        case archive
    }

    /// Runs `ostree` with a repository and returns how it ended, well or badly.
    public static func attempt(_ repository: String, _ arguments: [String]) throws -> ProcessResult {
        try run(["ostree", "--repo=\(repository)"] + arguments)
    }

    /// Runs `ostree` with a repository and returns the lines it printed.
    @discardableResult
    public static func lines(_ repository: String, _ arguments: [String]) throws -> [String] {
        try attempt(repository, arguments).checked().lines
    }

    /// Makes an empty repository, a copy of one that `ostree init` made.
    ///
    /// - Parameter hasSummary: True for one that has a summary from the beginning, as caches have.
    public static func initRepo(_ repository: String, mode: Mode, hasSummary: Bool = false) throws {
        try (hasSummary ? emptyWithSummary : empty)[mode]?.copy(to: repository)
    }

    private static let empty = emptyRepositories(hasSummary: false)
    private static let emptyWithSummary = emptyRepositories(hasSummary: true)

    private static func emptyRepositories(hasSummary: Bool) -> [Mode: DirectoryPattern] {
        let patterns = Mode.allCases.map { mode in
            DirectoryPattern { directory in
                try lines(directory.path, ["init", "--mode=\(mode.rawValue)"])
                if hasSummary { try lines(directory.path, ["summary", "--update"]) }
            }
        }
        return Dictionary(uniqueKeysWithValues: zip(Mode.allCases, patterns))
    }

    /// Verifies every object.
    ///
    /// - Throws: an error with what ostree printed, when anything is corrupt or missing, or a commit partial.
    public static func fsck(_ repository: String) throws {
        try lines(repository, ["fsck", "--quiet"])
        guard let partial = try objects(repository, suffix: ".commitpartial", in: "state").first else {
            return
        }
        throw TestSupportError("\(repository) has a commit that is only there in part: \(partial)")
    }

    /// Commits a directory.
    ///
    /// - Parameters:
    ///   - refs: The refs to point at the commit, at least one.
    ///   - parent: The parent's checksum, or `none`; if `nil`, what the first ref points at.
    ///   - options: More options of `ostree commit`.
    /// - Returns: the commit's checksum.
    @discardableResult
    public static func commit(
        _ repository: String, tree: String, refs: [String], parent: String? = nil, options: [String] = []
    ) throws -> String {
        guard let first = refs.first else { throw TestSupportError("a commit needs a ref to be found by") }
        let parentOption = parent.map { ["--parent=\($0)"] } ?? []
        let printed = try lines(
            repository, ["commit", "--branch=\(first)", "--tree=dir=\(tree)"] + parentOption + options)
        guard let checksum = printed.last, checksum.utf8.count == 64 else {
            throw TestSupportError("ostree commit printed no checksum: \(printed)")
        }
        // As ostree writes them, without a process for each.
        for ref in refs.dropFirst() {
            let path = URL(fileURLWithPath: "\(repository)/refs/heads/\(ref)")
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("\(checksum)\n".utf8).write(to: path)
        }
        return checksum
    }

    /// All refs, sorted; those of remotes as `remote:ref`.
    public static func refs(_ repository: String) throws -> [String] {
        try lines(repository, ["refs"]).sorted()
    }

    /// The checksum that a ref points at.
    public static func revParse(_ repository: String, _ ref: String) throws -> String {
        // A ref's file has what ostree prints, which is asked for everything else.
        let file = "\(repository)/refs/heads/\(ref)"
        if let text = try? String(contentsOfFile: file, encoding: .utf8), text.utf8.count == 65 {
            return String(text.dropLast())
        }
        return try lines(repository, ["rev-parse", ref]).first ?? ""
    }

    /// Checks a commit out into a directory that does not exist yet.
    public static func checkout(
        _ repository: String, _ commit: String, to directory: String, options: [String] = []
    ) throws {
        try lines(repository, ["checkout"] + options + [commit, directory])
    }

    /// Adds a remote whose commits need no signature.
    public static func addRemote(
        _ repository: String, _ name: String, url: String, options: [String] = []
    ) throws {
        try lines(repository, ["remote", "add", "--no-gpg-verify"] + options + [name, url])
    }

    /// Pulls refs from a remote.
    public static func pull(
        _ repository: String, remote: String, refs: [String], options: [String] = []
    ) throws {
        try lines(repository, ["pull"] + options + [remote] + refs)
    }

    /// The names of the objects, such as `0123….dirtree`, sorted; of an archive's files `.filez`.
    public static func listObjects(_ repository: String) throws -> [String] {
        try objects(repository, suffix: "", in: "objects")
    }

    private static func objects(_ repository: String, suffix: String, in directory: String) throws -> [String]
    {
        let root = RawPath("\(repository)/\(directory)")
        guard (try? root.status()) != nil else { return [] }
        var names: [String] = []
        for entry in try root.entries() {
            let below = root.appending(entry)
            let name = String(decoding: entry, as: UTF8.self)
            if try below.status().st_mode & S_IFMT == S_IFDIR {
                names += try below.entries().map { name + String(decoding: $0, as: UTF8.self) }
            } else {
                names.append(name)
            }
        }
        return names.filter { $0.hasSuffix(suffix) }.sorted()
    }
}
