// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// What the artifacts of one project take, a project being what the first part of its refs names.
public struct ProjectStatistics: Sendable, Equatable {
    /// A ref with a number that distinguishes it.
    public struct Extreme: Sendable, Equatable {
        /// The ref.
        public var ref: RefName
        /// Bytes, or seconds since 1970.
        public var value: UInt64
    }

    /// The project.
    public var project: String
    /// How many refs it has.
    public var refs = 0
    /// How many artifacts: commits that its refs point to.
    public var artifacts = 0
    /// How many bytes of disk its objects take that no other project needs.
    public var uniqueBytes: UInt64 = 0
    /// How many bytes of disk its objects take that other projects need as well.
    public var sharedBytes: UInt64 = 0
    /// The artifact whose files take the most bytes of disk, each counted as often as it occurs.
    public var largest: Extreme?
    /// The artifact whose commit is the oldest.
    public var oldest: Extreme?
}

/// What a repository holds.
public struct RepositoryStatistics: Sendable, Equatable {
    /// The projects, sorted by name.
    public var projects: [ProjectStatistics] = []
    /// How many bytes of disk everything takes that some ref needs, each object counted once.
    public var reachableBytes: UInt64 = 0
    /// The bytes of disk that all objects and static deltas take.
    public var allocatedBytes: UInt64 = 0
    /// How many bytes of the file system are free.
    public var freeBytes: UInt64 = 0
    /// The artifacts of which something is missing.
    public var incomplete: [RefName] = []
    /// Files among the refs that were left out.
    public var leftOut: [RefListing.LeftOut] = []
}

extension Repository {
    /// Adds up what the artifacts of each project take. Every object that some ref needs is looked at once, or once for each
    /// project that needs it.
    ///
    /// - Throws: where the repository cannot be read, or `cancellation` was requested.
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

/// Walks the trees of refs and notes which project needs what.
private struct StatisticsWalk {
    private enum Owner {
        case project(Int)
        case several
    }

    private let repository: Repository
    private let cancellation: Cancellation?
    private var projects: [ProjectStatistics] = []
    private var numbers: [RefName: Int] = [:]
    private var commits: [Set<Checksum>] = []
    private var owners: [ObjectName: Owner] = [:]
    /// How many bytes of disk are below a folder, each file counted as often as it occurs.
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

    /// - Returns: how many bytes of disk are below a folder.
    private mutating func add(
        _ tree: Checksum, _ number: Int, depth: Int, _ isWhole: inout Bool
    ) throws -> UInt64 {
        try cancellation?.check()
        let name = ObjectName(tree, .dirtree)
        // What this project, or several, need is known down to the leaves.
        if !note(name, number), let size = treeSizes[tree] { return size }
        guard depth < DirTree.maximumDepth,
            let opened = try repository.ifIntact({ try repository.load(name) { try DirTree($0, name) } })
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

    /// - Returns: whether what an object names is to be looked at for this project.
    private mutating func note(_ name: ObjectName, _ number: Int) -> Bool {
        switch owners[name] {
        case nil: owners[name] = .project(number)
        case .project(number): return false
        case .project(let other):
            owners[name] = .several
            sharers[name] = [other, number]
        case .several:
            return sharers[name, default: []].insert(number).inserted
        }
        return true
    }

    /// Who needs what several need.
    private var sharers: [ObjectName: Set<Int>] = [:]

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
            case .several: for number in sharers[name] ?? [] { projects[number].sharedBytes += bytes }
            }
        }
        result.projects = projects.sorted { $0.project < $1.project }
        result.incomplete = incomplete
        return result
    }
}
