// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A builder's repository and a cache, in a temporary directory.
struct Workshop: Sendable {
    let directory: TemporaryDirectory
    /// The repository to push from.
    let source: String
    /// The repository to push to.
    let cache: String

    init(
        _ mode: OSTreeCommand.Mode = .archive, cache cacheMode: OSTreeCommand.Mode = .archive,
        cacheName: String = "cache"
    ) throws {
        directory = try TemporaryDirectory()
        source = directory.path("source")
        cache = directory.path(cacheName)
        try OSTreeCommand.initRepo(source, mode: mode)
        try OSTreeCommand.initRepo(cache, mode: cacheMode, hasSummary: cacheMode == .archive)
    }

    /// Commits a folder with one file of this text, and another that every commit has.
    ///
    /// - Parameter before: the text of a commit that is to be its parent.
    @discardableResult
    func commit(
        _ refs: String..., text: String = "hello", following before: String? = nil, parent: String? = nil,
        options: [String] = [], in repository: String? = nil
    ) throws -> String {
        var parent = parent
        if let before { parent = try commit("before/\(before)", text: before, in: repository) }
        let tree = "tree-\(UUID().uuidString)"
        try directory.file("\(tree)/file", text)
        try directory.file("\(tree)/folder/common", "the same in each")
        // BuildStream's artifacts do not say which refs they were made for either.
        return try OSTreeCommand.commit(
            repository ?? source, tree: directory.path(tree), refs: refs, parent: parent,
            options: options + ["--no-bindings"])
    }

    /// Makes the refs of `count` artifacts, all pointing at one commit, without starting a program for each.
    func manyRefs(_ count: Int, at commit: String, prefix: String = "project/element") throws -> [String] {
        let refs = (0..<count).map { "\(prefix)/\(String(repeating: "0", count: 58))\(100_000 + $0)" }
        for ref in refs { try directory.file("source/refs/heads/\(ref)", commit + "\n") }
        return refs
    }

    /// A copy of the cache's or source's whole folder under another name.
    func copy(_ repository: String, as name: String) throws -> String {
        let path = directory.path(name)
        try run(["cp", "-a", repository, path]).checked()
        return path
    }
}

/// A repository as a reader sees it.
enum Reader {
    /// The refs and where they point.
    static func refs(_ repository: String) throws -> [String: String] {
        var refs: [String: String] = [:]
        for ref in try OSTreeCommand.refs(repository) {
            refs[ref] = try OSTreeCommand.revParse(repository, ref)
        }
        return refs
    }

    /// The names of all objects, the same in every mode: `.file` for files.
    static func objects(_ repository: String) throws -> Set<String> {
        Set(
            try OSTreeCommand.listObjects(repository).map {
                $0.hasSuffix(".filez") ? String($0.dropLast()) : $0
            })
    }

    /// Everything, down to the last byte, except what locking leaves and what readers do not look at.
    static func snapshot(_ repository: String) throws -> TreeSnapshot {
        try TreeSnapshot(repository, excluding: ["tmp", ".lock"])
    }

    /// Folders of pushes that never ended.
    static func leftovers(_ repository: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(repository)/tmp").filter {
            $0.hasPrefix("bst-artifact")
        }
    }

    /// Those of them that nobody can resume.
    static func garbage(_ repository: String) throws -> [String] {
        try leftovers(repository).filter { !$0.hasPrefix("bst-artifact-push-") }
    }
}
