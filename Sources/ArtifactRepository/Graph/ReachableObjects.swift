// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The objects that can be reached from commits and trees, each once, with their disk space. The static deltas that lead to a
/// commit count as part of it.
///
/// Missing and damaged objects are passed over: this decides what may go, not what is right. An error of the system is
/// thrown, lest what it hides goes. An object that nothing reaches may count as reached, as `ObjectSet` says, never the other
/// way round.
final class ReachableObjects {
    private let repository: Repository
    private let deltas: StaticDeltas?
    private var objects = ObjectSet()
    /// Commits without a parent, of which there may be many refs.
    private var roots = ObjectSet()
    /// Their disk space in bytes.
    private(set) var bytes: UInt64 = 0
    /// Their length in bytes; meant for objects that were added without a limit.
    private(set) var length: UInt64 = 0

    init(_ repository: Repository, deltas: StaticDeltas? = nil) {
        (self.repository, self.deltas) = (repository, deltas)
    }

    /// Returns true if an object is among them.
    func contains(_ name: ObjectName) -> Bool { objects.contains(name) }

    /// Adds a commit and all that it needs.
    func add(_ commit: Checksum) throws {
        try add([ObjectName(commit, .commit), ObjectName(commit, .commitmeta)])
    }

    /// Adds a commit, unless that exceeds a number of bytes.
    ///
    /// - Returns: true if it was added.
    func add(_ commit: Checksum, within limit: UInt64) throws -> Bool {
        let before = bytes
        var added: [ObjectKey] = []
        let fits = try add(
            [ObjectName(commit, .commit), ObjectName(commit, .commitmeta)], within: limit, noting: &added)
        if fits { return true }
        for key in added { objects.remove(key) }
        bytes = before
        return false
    }

    /// Adds the ancestors of a commit that are there, nearest first, as far as they are to be kept and as long as they do not
    /// exceed a number of bytes.
    ///
    /// - Returns: false for `fits` if there were too many bytes; the first ancestor that was not added, which may be missing.
    @discardableResult
    func addHistory(
        of commit: Checksum, _ kept: KeptHistory = .whole, within limit: UInt64 = .max
    ) throws -> (fits: Bool, end: Checksum?) {
        if roots.contains(ObjectName(commit, .commit)) { return (true, nil) }
        var next = try repository.ifIntact { try repository.commit(commit) }?.parent
        var distance = 1
        while let ancestor = next {
            let name = ObjectName(ancestor, .commit)
            guard try repository.contains(name) else { break }
            let opened = try repository.ifIntact { try repository.commit(ancestor) }
            guard kept.contains(distance, opened) else { break }
            guard try contains(name) || add(ancestor, within: limit) else { return (false, ancestor) }
            distance += 1
            next = opened?.parent
        }
        return (true, next)
    }

    /// Adds objects and all that they need.
    func add(_ names: [ObjectName]) throws {
        var added: [ObjectKey] = []
        _ = try add(names, within: .max, noting: &added)
    }

    /// Adds objects and all that they need, depth first, until a number of bytes is exceeded.
    ///
    /// - Parameter added: where there is a limit, gets what was added.
    /// - Returns: false if it was exceeded.
    private func add(_ names: [ObjectName], within limit: UInt64, noting added: inout [ObjectKey]) throws
        -> Bool
    {
        var pending = names
        while let name = pending.popLast() {
            guard try enter(name, limit, &added) else { continue }
            if bytes > limit { return false }
            _ = try repository.ifIntact {
                if name.type == .commit, try repository.commit(name.checksum).parent == nil {
                    roots.insert(name)
                }
                try repository.forEachPart(of: name) { part in
                    if part.type == .dirtree { return pending.append(part) }
                    _ = try enter(part, limit, &added)
                }
            }
            if bytes > limit { return false }
        }
        return bytes <= limit
    }

    /// Adds an object.
    ///
    /// - Returns: true if it is there and was not among them before.
    private func enter(_ name: ObjectName, _ limit: UInt64, _ added: inout [ObjectKey]) throws -> Bool {
        let key = ObjectKey(name)
        guard !objects.contains(key) else { return false }
        // An object that is not there yet may come, so it is not remembered.
        guard let status = try repository.objects.status(of: repository.objectPath(name)) else {
            return false
        }
        _ = objects.insert(key)
        if limit < .max { added.append(key) }
        bytes += UInt64(status.st_blocks) * 512
        length += UInt64(clamping: status.st_size)
        if name.type == .commit { bytes += deltas?.bytes(to: name.checksum) ?? 0 }
        return true
    }
}

extension Repository {
    /// Returns the total size in bytes of a commit and the objects that it needs, each counted once: in an archive
    /// repository, the bytes that a pull into an empty repository fetches. Missing objects do not count. Reads the size
    /// of every object.
    public func length(of commit: Checksum) throws -> UInt64 {
        let reachable = ReachableObjects(self)
        try reachable.add(commit)
        return reachable.length
    }
}
