// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The disk usage of one project, whose name is the first part of its refs.
public struct ProjectStatistics: Sendable, Equatable {
    /// A ref with an extreme value.
    public struct Extreme: Sendable, Equatable {
        /// The ref.
        public var ref: RefName
        /// The value, in bytes or in seconds since 1970.
        public var value: UInt64
    }

    /// The project's name.
    public var project: String
    /// The number of refs.
    public var refs = 0
    /// The number of artifacts: commits that the refs point to.
    public var artifacts = 0
    /// The disk usage in bytes of objects that no other project needs.
    public var uniqueBytes: UInt64 = 0
    /// The disk usage in bytes of objects that other projects need, too.
    public var sharedBytes: UInt64 = 0
    /// The artifact whose files use the most bytes of disk, each file counted as often as it occurs.
    public var largest: Extreme?
    /// The artifact with the oldest commit.
    public var oldest: Extreme?
}

/// The number and disk usage of the artifacts in a repository.
public struct RepositoryStatistics: Sendable, Equatable {
    /// The projects, sorted by name.
    public var projects: [ProjectStatistics] = []
    /// The disk usage in bytes of all objects that refs need, each counted once.
    public var reachableBytes: UInt64 = 0
    /// The disk usage in bytes of all objects and static deltas.
    public var allocatedBytes: UInt64 = 0
    /// The free bytes of the file system.
    public var freeBytes: UInt64 = 0
    /// Artifacts with missing objects.
    public var incomplete: [RefName] = []
    /// Refs that could not be listed.
    public var leftOut: [RefListing.LeftOut] = []
}

extension Repository {
    /// Computes the statistics. Visits every reachable object once per project that needs it.
    ///
    /// - Throws: If the repository cannot be read, or `cancellation` is requested.
    public func statistics(cancellation: Cancellation? = nil) throws -> RepositoryStatistics {
        var walk = StatisticsWalk(self, cancellation)
        let listing = try refListing()
        for (ref, commit) in listing.refs { try walk.add(ref, commit) }
        var result = try walk.statistics()
        result.leftOut = listing.leftOut
        result.allocatedBytes = try allocatedBytes()
        result.freeBytes = try freeBytes()
        return result
    }
}

/// A walk over the trees of refs that records which project needs which object.
private struct StatisticsWalk {
    private enum Owner {
        case project(Int)
        case several(Set<Int>)
    }

    private let repository: Repository
    private let cancellation: Cancellation?
    private var projects: [ProjectStatistics] = []
    private var numbers: [RefName: Int] = [:]
    private var commits: [Set<Checksum>] = []
    private var owners: [ObjectName: Owner] = [:]
    /// The disk usage of each tree in bytes, each file counted as often as it occurs.
    private var treeSizes: [Checksum: UInt64] = [:]
    private var incomplete: [RefName] = []

    init(_ repository: Repository, _ cancellation: Cancellation?) {
        self.repository = repository
        self.cancellation = cancellation
    }

    mutating func add(_ ref: RefName, _ checksum: Checksum) throws {
        let name = ref.project
        let number = numbers[name] ?? projects.count
        if number == projects.count {
            numbers[name] = number
            projects.append(ProjectStatistics(project: name.text))
            commits.append([])
        }
        projects[number].refs += 1
        guard commits[number].insert(checksum).inserted else { return }
        projects[number].artifacts += 1
        guard let commit = try repository.ifIntact({ try repository.commit(checksum) }) else {
            incomplete.append(ref)
            return
        }
        _ = note(ObjectName(checksum, .commit), number)
        _ = note(ObjectName(checksum, .commitmeta), number)
        _ = note(ObjectName(commit.treeMetadata, .dirmeta), number)
        var isWhole = true
        let size = try add(commit.tree, number, depth: 0, &isWhole)
        if !isWhole { incomplete.append(ref) }
        if size > projects[number].largest?.value ?? 0 {
            projects[number].largest = .init(ref: ref, value: size)
        }
        if commit.timestamp < projects[number].oldest?.value ?? .max {
            projects[number].oldest = .init(ref: ref, value: commit.timestamp)
        }
    }

    /// Adds a tree.
    ///
    /// - Returns: The disk usage of its files in bytes.
    private mutating func add(
        _ tree: Checksum, _ number: Int, depth: Int, _ isWhole: inout Bool
    ) throws -> UInt64 {
        try cancellation?.check()
        let name = ObjectName(tree, .dirtree)
        // A tree that was recorded for this project before was recorded with everything in it.
        if !note(name, number), let size = treeSizes[tree] { return size }
        guard depth < DirTree.maximumDepth,
            let opened = try repository.ifIntact({ try repository.tree(tree) })
        else {
            isWhole = false
            return 0
        }
        var size: UInt64 = 0
        for file in opened.files {
            let name = ObjectName(file.checksum, .file)
            _ = note(name, number)
            guard let bytes = try repository.allocatedSize(of: name) else {
                isWhole = false
                continue
            }
            size += bytes
        }
        for child in opened.directories {
            _ = note(ObjectName(child.metadata, .dirmeta), number)
            size += try add(child.tree, number, depth: depth + 1, &isWhole)
        }
        if isWhole { treeSizes[tree] = size }
        return size
    }

    /// Records that a project needs an object.
    ///
    /// - Returns: False if that was recorded before.
    private mutating func note(_ name: ObjectName, _ number: Int) -> Bool {
        switch owners[name] {
        case nil: owners[name] = .project(number)
        case .project(number): return false
        case .project(let other): owners[name] = .several([other, number])
        case .several(let projects):
            if projects.contains(number) { return false }
            owners[name] = .several(projects.union([number]))
        }
        return true
    }

    func statistics() throws -> RepositoryStatistics {
        let deltas = try StaticDeltas(repository)
        var result = RepositoryStatistics()
        var projects = projects
        for (name, owner) in owners {
            guard var bytes = try repository.allocatedSize(of: name) else { continue }
            // Deltas go with the commit that they lead to.
            if name.type == .commit { bytes += deltas.bytes(to: name.checksum) }
            result.reachableBytes += bytes
            switch owner {
            case .project(let number): projects[number].uniqueBytes += bytes
            case .several(let numbers): for number in numbers { projects[number].sharedBytes += bytes }
            }
        }
        result.projects = projects.sorted { $0.project < $1.project }
        result.incomplete = incomplete
        return result
    }
}
