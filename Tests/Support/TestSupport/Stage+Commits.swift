// SPDX-License-Identifier: Apache-2.0

import Foundation

extension Stage {
    /// Commits a directory with a file of this text, and another file that every commit has.
    ///
    /// - Parameters:
    ///   - previous: The text of a commit that is made first, to be its parent.
    ///   - parent: The parent's checksum, or `none`; what the first ref points at, if `nil`.
    ///   - options: More options of `ostree commit`.
    ///   - repository: The repository to commit to; ``mine``, if `nil`.
    /// - Returns: the commit's checksum.
    @discardableResult
    public func commit(
        _ refs: String..., text: String = "hello", following previous: String? = nil, parent: String? = nil,
        options: [String] = [], in repository: String? = nil
    ) throws -> String {
        var parent = parent
        if let previous { parent = try commit("before/\(previous)", text: previous, in: repository) }
        return try commit(refs, Array(text.utf8), parent: parent, options: options, in: repository)
    }

    /// Commits a directory with a file of these bytes, and another file that every commit has.
    @discardableResult
    public func commit(
        _ refs: [String], _ content: [UInt8], parent: String? = nil, options: [String] = [],
        in repository: String? = nil
    ) throws -> String {
        let tree = "tree-\(UUID().uuidString)"
        try directory.file("\(tree)/file", content)
        try directory.file("\(tree)/directory/common", "the same in each")
        // BuildStream's artifacts do not say which refs they were made for either.
        return try OSTreeCommand.commit(
            repository ?? mine, tree: directory.path(tree), refs: refs, parent: parent,
            options: ["--no-bindings", "--fsync=false"] + options)
    }

    /// Makes the refs of `count` artifacts, all pointing at one commit, without starting a program for each.
    public func manyRefs(_ count: Int, at commit: String, prefix: String = "project/element") throws
        -> [String]
    {
        let refs = (0..<count).map { "\(prefix)/\(String(repeating: "0", count: 58))\(100_000 + $0)" }
        for ref in refs { try directory.file("mine/refs/heads/\(ref)", commit + "\n") }
        return refs
    }

    /// Copies a repository to another name in ``directory``.
    @discardableResult
    public func copy(_ repository: String, as name: String) throws -> String {
        let path = directory.path(name)
        try run(["cp", "-a", repository, path]).checked()
        return path
    }
}
