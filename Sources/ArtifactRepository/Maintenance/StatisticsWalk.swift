// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// A walk over the trees of refs that adds up the objects that each project needs, one project after the other.
struct StatisticsWalk {
    private let repository: Repository
    private let cancellation: Cancellation?
    private let deltas: StaticDeltas
    /// The results so far.
    private(set) var statistics = RepositoryStatistics()
    /// The project that needs an object, by its index; `several` if there is more than one.
    private var owners = ObjectMap<UInt32>()
    private static let several = UInt32.max
    /// Of the objects that several projects need, those of the last project.
    private var shared = ObjectSet()
    /// The disk usage of each tree's files in bytes, each file counted as often as it occurs.
    private var treeSizes = ObjectMap<UInt64>()
    /// The trees that lack something.
    private var incompleteTrees = ObjectSet()

    init(_ repository: Repository, _ cancellation: Cancellation?) throws {
        (self.repository, self.cancellation) = (repository, cancellation)
        deltas = try StaticDeltas(repository)
    }

    /// Adds a ref. Those of a project follow one another.
    mutating func add(_ ref: RefName, _ checksum: Checksum) throws {
        let project = ref.project.text
        if statistics.projects.last?.project != project {
            statistics.projects.append(ProjectStatistics(project: project))
            shared = ObjectSet()
        }
        let number = statistics.projects.count - 1
        statistics.projects[number].refs += 1
        guard try note(ObjectName(checksum, .commit)) else { return }
        statistics.projects[number].artifacts += 1
        guard let commit = try repository.ifIntact({ try repository.commit(checksum) }) else {
            statistics.incomplete.append(ref)
            return
        }
        try note(ObjectName(checksum, .commitmeta))
        try note(ObjectName(commit.treeMetadata, .dirmeta))
        let (size, isWhole) = try add(commit.tree, depth: 0)
        if !isWhole { statistics.incomplete.append(ref) }
        if size > statistics.projects[number].largest?.value ?? 0 {
            statistics.projects[number].largest = .init(ref: ref, value: size)
        }
        if commit.timestamp < statistics.projects[number].oldest?.value ?? .max {
            statistics.projects[number].oldest = .init(ref: ref, value: commit.timestamp)
        }
    }

    /// Adds a tree.
    ///
    /// - Returns: The disk usage of its files in bytes, and false if something is missing.
    private mutating func add(_ tree: Checksum, depth: Int) throws -> (size: UInt64, isWhole: Bool) {
        try cancellation?.check()
        let name = ObjectName(tree, .dirtree)
        // A tree that was noted for this project before was noted with everything in it.
        if try !note(name), let size = treeSizes.value(of: ObjectKey(name)) {
            return (size, !incompleteTrees.contains(name))
        }
        guard depth < DirTree.maximumDepth,
            let opened = try repository.ifIntact({ try repository.tree(tree) })
        else { return (0, false) }
        // Directories that have the same one below them twice, and that in turn, may have any size.
        var (size, isWhole) = (UInt64(0), true)
        for file in opened.files {
            let name = ObjectName(file.checksum, .file)
            let bytes = try repository.allocatedSize(of: name)
            note(name, bytes: bytes)
            isWhole = isWhole && bytes != nil
            size = size.adding(bytes ?? 0)
        }
        for child in opened.directories {
            try note(ObjectName(child.metadata, .dirmeta))
            let below = try add(child.tree, depth: depth + 1)
            isWhole = isWhole && below.isWhole
            size = size.adding(below.size)
        }
        treeSizes.set(size, of: ObjectKey(name))
        if !isWhole { incompleteTrees.insert(name) }
        return (size, isWhole)
    }

    /// Notes that the last project needs an object.
    ///
    /// - Returns: False if that was noted before.
    @discardableResult
    private mutating func note(_ name: ObjectName) throws -> Bool {
        if isNoted(ObjectKey(name)) { return false }
        // Deltas go with the commit that they lead to.
        let deltas = name.type == .commit ? deltas.bytes(to: name.checksum) : 0
        return note(name, bytes: try repository.allocatedSize(of: name).map { $0 + deltas })
    }

    /// Notes that the last project needs an object of so many bytes, nil for one that is not there.
    ///
    /// - Returns: False if that was noted before.
    @discardableResult
    private mutating func note(_ name: ObjectName, bytes: UInt64?) -> Bool {
        let key = ObjectKey(name)
        if isNoted(key) { return false }
        let number = statistics.projects.count - 1
        let bytes = bytes ?? 0
        guard let owner = owners.value(of: key) else {
            owners.set(UInt32(number), of: key)
            statistics.projects[number].uniqueBytes += bytes
            statistics.reachableBytes += bytes
            return true
        }
        if owner != StatisticsWalk.several {
            owners.set(StatisticsWalk.several, of: key)
            // It may have changed meanwhile.
            let moved = min(bytes, statistics.projects[Int(owner)].uniqueBytes)
            statistics.projects[Int(owner)].uniqueBytes -= moved
            statistics.projects[Int(owner)].sharedBytes += moved
        }
        _ = shared.insert(key)
        statistics.projects[number].sharedBytes += bytes
        return true
    }

    /// Returns true if an object was noted for the last project.
    private func isNoted(_ key: ObjectKey) -> Bool {
        switch owners.value(of: key) {
        case nil: false
        case StatisticsWalk.several: shared.contains(key)
        case let owner?: Int(owner) == statistics.projects.count - 1
        }
    }
}
