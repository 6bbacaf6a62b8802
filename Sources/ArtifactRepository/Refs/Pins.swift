// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// The pinned refs, which neither expiry nor a remote client removes.
///
/// Format of `state/bst-artifact-pins`: one ref or shell-style pattern a line, sorted.
public struct Pins: Sendable, Equatable {
    static let path = "state/bst-artifact-pins"
    /// The maximum size of `text` in bytes.
    package static let maximumSize = 1 << 20

    /// The refs and patterns, sorted.
    public private(set) var patterns: [String]

    /// Reads lines.
    package init(text: String = "") {
        let lines = Set(text.utf8.split(separator: UInt8(ascii: "\n")).map { Array($0) })
        patterns = lines.sorted { $0.lexicographicallyPrecedes($1) }.map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Returns true if a pattern is among them, compared byte by byte.
    public func contains(pattern: String) -> Bool {
        patterns.contains { $0.utf8.elementsEqual(pattern.utf8) }
    }

    /// Returns true if a ref is pinned; in patterns, `*` also stands for slashes.
    public func contains(_ ref: RefName) -> Bool {
        patterns.contains { $0.utf8.elementsEqual(ref.text.utf8) || fnmatch($0, ref.text, 0) == 0 }
    }

    /// Checks that refs may be removed.
    ///
    /// - Throws: `RepositoryError` with `notAllowed` if one is pinned.
    package func check(deleting refs: some Sequence<RefName>) throws(RepositoryError) {
        guard let ref = refs.first(where: contains) else { return }
        throw RepositoryError(
            .notAllowed,
            "ref \(ref) is not deleted, since it is pinned: ask the cache's administrator to unpin it")
    }

    /// Adds or removes patterns.
    ///
    /// - Parameter location: the cache, as messages name it.
    /// - Returns: the patterns for which that made a difference.
    /// - Throws: `RepositoryError` with `notAllowed` if they become too many.
    package mutating func change(
        _ patterns: [String], isPinned: Bool, in location: String
    ) throws(RepositoryError) -> [String] {
        let changed = patterns.filter { contains(pattern: $0) != isPinned }
        for pattern in changed { isPinned ? add(pattern) : remove(pattern) }
        guard text.utf8.count <= Pins.maximumSize else {
            throw RepositoryError(
                .notAllowed,
                "cannot pin so many refs in \(location): pins may have \(Pins.maximumSize) bytes, so use patterns"
            )
        }
        return changed
    }

    private mutating func add(_ pattern: String) {
        self = Pins(text: text + pattern)
    }

    private mutating func remove(_ pattern: String) {
        patterns.removeAll { $0.utf8.elementsEqual(pattern.utf8) }
    }

    /// The patterns, each behind the other as a line.
    package var text: String { patterns.map { "\($0)\n" }.joined() }
}

extension Repository {
    /// The pins.
    public func pins() throws -> Pins {
        let bytes = try root.fileIfPresent(Pins.path)?.readAll(limit: Pins.maximumSize) ?? []
        return Pins(text: String(decoding: bytes, as: UTF8.self))
    }

    /// Pins refs, or all that match patterns, also those that come later.
    ///
    /// - Returns: the patterns that were not pinned before.
    public func pin(_ patterns: [String]) throws -> [String] {
        try changePins(patterns, isPinned: true)
    }

    /// Removes pins, spelt as they were when they were set.
    ///
    /// - Returns: the patterns that were pinned.
    public func unpin(_ patterns: [String]) throws -> [String] {
        try changePins(patterns, isPinned: false)
    }

    private func changePins(_ patterns: [String], isPinned: Bool) throws -> [String] {
        try withRefLock {
            var pins = try pins()
            let changed = try pins.change(patterns, isPinned: isPinned, in: path)
            guard !changed.isEmpty else { return [] }
            let state = try standardDirectory("state")
            try replaceFile(Pins.path, with: Array(pins.text.utf8))
            try state.sync()
            return changed
        }
    }
}
