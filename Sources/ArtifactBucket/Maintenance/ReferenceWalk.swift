// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3

/// A walk of everything that refs of a bucket lead to, ancestors included as far as they are there. Each object is visited once.
///
/// Names of directories wait in memory, and of each object that was visited 8 bytes or so (`ObjectSet`).
struct ReferenceWalk {
    /// A commit or directory that cannot be read.
    enum Fault: Error {
        case missing(ObjectName, neededBy: ObjectName?)
        case damaged(ObjectName, reason: String)
    }

    private struct Job {
        let name: ObjectName
        let parent: ObjectName?
        /// Indicates an ancestor or a part of one, which may be absent.
        let isDispensable: Bool
    }

    private let store: BucketStore
    /// Receives faults; what it throws ends the walk.
    private let report: (Fault) throws -> Void
    /// Receives each object when it is met for the first time, with what needs it.
    private let visit: (ObjectName, _ parent: ObjectName?) throws -> Void
    private(set) var seen = ObjectSet()
    private var queue: [Job] = []
    private var ancestors: [Checksum] = []
    private(set) var commitCount = 0

    /// The number of directories that are read at the same time.
    private static let window = 48

    /// Prepares a walk.
    init(
        of store: BucketStore, report: @escaping (Fault) throws -> Void = { throw $0 },
        visit: @escaping (ObjectName, _ parent: ObjectName?) throws -> Void = { _, _ in }
    ) {
        (self.store, self.report, self.visit) = (store, report, visit)
    }

    /// Walks the refs of a position.
    mutating func walk(at position: PublicationLog.Position) throws {
        var commits: Set<Checksum> = []
        try store.log.forEachRef(at: position) { _, commit, _ in
            if !seen.contains(ObjectName(commit, .commit)) { commits.insert(commit) }
        }
        try walk(commits)
    }

    /// Walks commits, and behind them their ancestors.
    mutating func walk(_ commits: some Sequence<Checksum>) throws {
        for commit in commits { try meet(ObjectName(commit, .commit), nil, isDispensable: false) }
        try run()
        while let commit = ancestors.popLast() {
            try meet(ObjectName(commit, .commit), nil, isDispensable: true)
            try run()
        }
    }

    private mutating func meet(_ name: ObjectName, _ parent: ObjectName?, isDispensable: Bool) throws {
        guard seen.insert(name) else { return }
        try visit(name, isDispensable ? nil : parent)
        switch name.type {
        case .commit:
            seen.insert(ObjectName(name.checksum, .commitmeta))
            queue.append(Job(name: name, parent: parent, isDispensable: isDispensable))
        case .dirtree: queue.append(Job(name: name, parent: parent, isDispensable: isDispensable))
        case .file, .dirmeta, .commitmeta: break
        }
    }

    private mutating func run() throws {
        var underWay: ArraySlice<(job: Job, response: PendingResponse<Lookup<S3Object>>)> = []
        while true {
            while underWay.count < ReferenceWalk.window, let job = queue.popLast() {
                let get = S3Operation.get(
                    store.withObjects { $0.key(job.name) }, limit: Commit.maximumMetadataSize)
                underWay.append((job, store.client.start(get, cancellation: store.cancellation)))
            }
            guard let next = underWay.popFirst() else { return }
            try open(next.job, next.response.value().found)
        }
    }

    private mutating func open(_ job: Job, _ found: S3Object?) throws {
        guard let found else {
            if !job.isDispensable { try report(.missing(job.name, neededBy: job.parent)) }
            return
        }
        guard Digest(of: found.bytes).finish() == job.name.checksum else {
            return try report(.damaged(job.name, reason: "its content has another checksum"))
        }
        if job.name.type == .commit {
            commitCount += 1
            let commit = try found.bytes.withUnsafeBytes { try Commit($0, job.name) }
            if let parent = commit.parent { ancestors.append(parent) }
            try meet(ObjectName(commit.treeMetadata, .dirmeta), job.name, isDispensable: job.isDispensable)
            try meet(ObjectName(commit.tree, .dirtree), job.name, isDispensable: job.isDispensable)
        } else {
            let tree = try found.bytes.withUnsafeBytes { try DirTree($0, job.name) }
            try tree.forEachPart { try meet($0, job.name, isDispensable: job.isDispensable) }
        }
    }
}

extension ReferenceWalk.Fault {
    /// The sentence for those whose work ends there.
    func description(in location: String) -> RepositoryError {
        switch self {
        case .missing(let name, let parent):
            let need = parent.map { ", which \($0) needs," } ?? ""
            return RepositoryError(
                .missingObject,
                "object \(name)\(need) is missing in \(location), so nothing is removed there: push what needs it again, and "
                    + "look with 'bst-artifact repo fsck'")
        case .damaged(let name, let reason):
            return RepositoryError(
                .badObject,
                "object \(name) in \(location) is damaged, since \(reason), so nothing is removed there: restore it from a "
                    + "copy")
        }
    }
}
