// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The objects that can be reached from commits and trees, each once, with the disk that they take. The static deltas that lead to
/// a commit count as part of it.
struct Reach {
    private let repository: Repository
    private let deltas: StaticDeltas?
    private(set) var objects: Set<ObjectName> = []
    /// How many bytes of disk they take.
    private(set) var bytes: UInt64 = 0
    /// How many bytes long they are; meant for what was added without a limit.
    private(set) var length: UInt64 = 0

    init(_ repository: Repository, deltas: StaticDeltas? = nil) {
        self.repository = repository
        self.deltas = deltas
    }

    /// Adds a commit and all that it needs. What is missing or damaged is passed over: this decides what may go, not what is
    /// right. An error of the system is thrown, lest what it hides goes.
    mutating func add(_ commit: Checksum) throws {
        try add([ObjectName(commit, .commit), ObjectName(commit, .commitmeta)])
    }

    /// Adds a commit, unless there are more than so many bytes then.
    ///
    /// - Returns: whether it was added.
    mutating func add(_ commit: Checksum, within limit: UInt64) throws -> Bool {
        let before = bytes
        var added: [ObjectName] = []
        try add([ObjectName(commit, .commit), ObjectName(commit, .commitmeta)]) { added.append($0) }
        if bytes <= limit { return true }
        objects.subtract(added)
        bytes = before
        return false
    }

    /// Adds the ancestors of a commit that are there, nearest first, as long as there are not more than so many bytes.
    ///
    /// - Returns: whether all of them were added.
    mutating func addAncestors(of commit: Checksum, within limit: UInt64) throws -> Bool {
        var next = try repository.ifIntact { try repository.commit(commit) }?.parent
        while let ancestor = next, try repository.contains(ObjectName(ancestor, .commit)) {
            let isKnown = contains(ObjectName(ancestor, .commit))
            guard try isKnown || add(ancestor, within: limit) else { return false }
            next = try repository.ifIntact { try repository.commit(ancestor) }?.parent
        }
        return true
    }

    /// Adds objects and all that they need.
    mutating func add(_ names: [ObjectName], note: (ObjectName) -> Void = { _ in }) throws {
        var pending = names
        while let name = pending.popLast() {
            guard !objects.contains(name),
                // What is not there yet may come, so it is not taken for known.
                let status = try repository.objects.status(of: repository.objectPath(name))
            else { continue }
            objects.insert(name)
            note(name)
            bytes += UInt64(status.st_blocks) * 512
            length += UInt64(clamping: status.st_size)
            switch name.type {
            case .commit:
                bytes += deltas?.bytes(to: name.checksum) ?? 0
                guard let commit = try repository.ifIntact({ try repository.commit(name.checksum) }) else {
                    continue
                }
                pending.append(ObjectName(commit.treeMetadata, .dirmeta))
                pending.append(ObjectName(commit.tree, .dirtree))
            case .dirtree:
                guard
                    let tree = try repository.ifIntact({
                        try repository.load(name) { try DirTree($0, name) }
                    })
                else { continue }
                for index in 0..<tree.fileCount {
                    if let file = tree.file(index) { pending.append(ObjectName(file, .file)) }
                }
                for index in 0..<tree.directoryCount {
                    guard let child = tree.directory(index) else { continue }
                    pending.append(ObjectName(child.metadata, .dirmeta))
                    pending.append(ObjectName(child.tree, .dirtree))
                }
            case .file, .dirmeta, .commitmeta: break
            }
        }
    }

    /// Whether an object is among them.
    func contains(_ name: ObjectName) -> Bool {
        objects.contains(name)
    }
}
