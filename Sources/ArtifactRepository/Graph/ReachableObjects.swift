// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The objects that can be reached from commits and trees, each once, with their disk space. The static deltas that lead to a
/// commit count as part of it.
///
/// Missing and damaged objects are passed over: this decides what may go, not what is right. An error of the system is
/// thrown, lest what it hides goes.
struct ReachableObjects {
    private let repository: Repository
    private let deltas: StaticDeltas?
    private var walk: ObjectWalk
    /// Their disk space in bytes.
    private(set) var bytes: UInt64 = 0
    /// Their length in bytes; meant for objects that were added without a limit.
    private(set) var length: UInt64 = 0

    init(_ repository: Repository, deltas: StaticDeltas? = nil) {
        (self.repository, self.deltas) = (repository, deltas)
        walk = ObjectWalk(repository, passesOverDamage: true)
    }

    /// The objects.
    var objects: Set<ObjectName> { walk.visited }

    /// Adds a commit and all that it needs.
    mutating func add(_ commit: Checksum) throws {
        try add([ObjectName(commit, .commit), ObjectName(commit, .commitmeta)])
    }

    /// Adds a commit, unless that exceeds a number of bytes.
    ///
    /// - Returns: true if it was added.
    mutating func add(_ commit: Checksum, within limit: UInt64) throws -> Bool {
        let before = bytes
        var added: [ObjectName] = []
        try add([ObjectName(commit, .commit), ObjectName(commit, .commitmeta)]) { added.append($0) }
        if bytes <= limit { return true }
        walk.forget(added)
        bytes = before
        return false
    }

    /// Adds the ancestors of a commit that are there, nearest first, as far as they are to be kept and as long as they do not
    /// exceed a number of bytes.
    ///
    /// - Returns: false for `fits` if there were too many bytes; the first ancestor that was not added, which may be missing.
    @discardableResult
    mutating func addHistory(
        of commit: Checksum, _ kept: KeptHistory = .whole, within limit: UInt64 = .max
    ) throws -> (fits: Bool, end: Checksum?) {
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
    mutating func add(_ names: [ObjectName], note: (ObjectName) -> Void = { _ in }) throws {
        var (bytes, length) = (bytes, length)
        try walk.walk(from: names) { [repository, deltas] name in
            // An object that is not there yet may come, so it is skipped and not remembered.
            guard let status = try repository.objects.status(of: repository.objectPath(name)) else {
                return false
            }
            note(name)
            bytes += UInt64(status.st_blocks) * 512
            length += UInt64(clamping: status.st_size)
            if name.type == .commit { bytes += deltas?.bytes(to: name.checksum) ?? 0 }
            return true
        }
        (self.bytes, self.length) = (bytes, length)
    }

    /// Returns true if an object is among them.
    func contains(_ name: ObjectName) -> Bool { walk.visited.contains(name) }
}

extension Repository {
    /// Returns the total size in bytes of a commit and the objects that it needs, each counted once: in an archive
    /// repository, the bytes that a pull into an empty repository fetches. Missing objects do not count. Reads the size
    /// of every object.
    public func length(of commit: Checksum) throws -> UInt64 {
        var reachable = ReachableObjects(self)
        try reachable.add(commit)
        return reachable.length
    }
}
