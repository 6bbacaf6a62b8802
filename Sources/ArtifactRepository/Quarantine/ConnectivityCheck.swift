// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Checks that all objects of commits are in quarantine or in the repository, and notes the needed ones in quarantine.
///
/// Complete trees get a mark (`CompleteTrees`), and what was looked up before is not looked up again as long as no object
/// has been removed. So the cost is in proportion to the new objects.
struct ConnectivityCheck {
    private let quarantine: LocalQuarantine
    /// The marks that it relies on.
    let complete: CompleteTrees
    /// The number of received commits that were not met yet, where they are looked for behind stored ones.
    private var unmetCommits = 0
    /// Commits of the repository all of whose ancestors were found.
    private var wholeHistories: [Checksum] = []
    /// The heights of trees in the repository that have no mark yet, and of those that could not be marked.
    private var heights: [Checksum: Int] = [:]
    /// The objects in quarantine that are needed.
    private(set) var needed: RequiredObjects

    init(
        _ quarantine: LocalQuarantine, _ complete: CompleteTrees, goesBehindStored: Bool = false
    ) throws {
        self.quarantine = quarantine
        self.complete = complete
        var received = 0
        if goesBehindStored { try quarantine.place(.commit).forEachFile { _, _ in received += 1 } }
        unmetCommits = received
        needed = try RequiredObjects(in: quarantine)
    }

    /// Requires that a commit, its whole tree, and those of its received ancestors are there.
    ///
    /// Ancestors that the store has are passed over, and only as long as there are received commits to be found behind
    /// them: so a publication costs no time in proportion to the length of stored history.
    ///
    /// - Throws: `RepositoryError` with `missingObject`, naming the first one that is not.
    mutating func require(_ tip: Checksum) throws {
        var next: Checksum? = tip
        while let checksum = next {
            let name = ObjectName(checksum, .commit)
            let isReceived = try quarantine.holds(name)
            guard isReceived || checksum == tip || unmetCommits > 0 else {
                if try quarantine.repository.endsWholeHistory(with: checksum) { noteWholeHistory(of: tip) }
                return
            }
            guard let bytes = try quarantine.metadata(name) else {
                // Of the ancestors, only what was received must be there.
                if checksum != tip { return }
                throw missing(name, neededBy: nil)
            }
            let commit = try bytes.withUnsafeBytes { try Commit($0, name) }
            next = commit.parent
            guard isReceived || checksum == tip else { continue }
            // Met before, and so were all commits behind it.
            guard try require(name, neededBy: nil) != .needed else { return }
            if isReceived { unmetCommits -= 1 }
            _ = try require(ObjectName(commit.treeMetadata, .dirmeta), neededBy: name)
            try requireTree(commit.tree, of: name)
            // An artifact has no history, and needs no note.
            if next == nil, checksum != tip { noteWholeHistory(of: tip) }
        }
    }

    /// Notes that all ancestors of a commit are here; of one of the repository, after publication.
    private mutating func noteWholeHistory(of tip: Checksum) {
        guard let file = try? quarantine.place(.commit).fileIfPresent(tip) else {
            return wholeHistories.append(tip)
        }
        quarantine.repository.noteWholeHistory(of: file)
    }

    /// The place of an object.
    private enum Place {
        /// In quarantine, and needed for the first time.
        case new
        /// In quarantine, and known to be needed.
        case needed
        /// In the repository.
        case stored
    }

    private mutating func require(_ name: ObjectName, neededBy parent: ObjectName?) throws -> Place {
        if needed.remembers(name) { return .needed }
        if quarantine.wasStored(name) { return .stored }
        let place = quarantine.place(name.type)
        let isHeld = quarantine.held.has(name)
        if isHeld == true, needed.areRemembered {
            // It is needed for the first time.
        } else if isHeld != false, let status = try place.status(of: name.checksum) {
            if needed.contains(name, status) { return .needed }
        } else {
            if try quarantine.repository.contains(name) { return .stored }
            guard try quarantine.takeFromSalvage(name) else { throw missing(name, neededBy: parent) }
        }
        try needed.insert(name, in: place)
        return .new
    }

    /// A directory on the way down.
    private struct Visit {
        let name: ObjectName
        let isStored: Bool
        /// The sizes of this dirtree and of all above it, in bytes.
        let openSize: UInt64
        let directories: DirTree.Entries<DirTree.Subdirectory>
        var next = 0
        var height = 1
    }

    private mutating func requireTree(_ root: Checksum, of commit: ObjectName) throws {
        // Depth first with a stack of its own: the peer decides how deep a tree is.
        var stack: [Visit] = []
        _ = try enter(root, neededBy: commit, of: commit, &stack)
        while var visit = stack.popLast() {
            guard visit.next < visit.directories.count else {
                leave(visit)
                if var parent = stack.popLast() {
                    parent.height = max(parent.height, visit.height + 1)
                    stack.append(parent)
                }
                continue
            }
            let child = visit.directories[visit.next]
            visit.next += 1
            _ = try require(ObjectName(child.metadata, .dirmeta), neededBy: visit.name)
            let name = visit.name
            stack.append(visit)
            if let height = try enter(child.tree, neededBy: name, of: commit, &stack) {
                stack[stack.count - 1].height = max(stack[stack.count - 1].height, height + 1)
            }
        }
    }

    /// Enters a directory.
    ///
    /// - Returns: its height if it is known to be complete; nil if it is on the stack now.
    private mutating func enter(
        _ checksum: Checksum, neededBy parent: ObjectName, of commit: ObjectName, _ stack: inout [Visit]
    ) throws -> Int? {
        let name = ObjectName(checksum, .dirtree)
        let place = try require(name, neededBy: parent)
        let remembered = place == .new ? quarantine.held.bytes(of: name) : nil
        let file = try remembered == nil ? open(name, isStored: place == .stored) : nil
        // A tree that was met before may be met again at a greater depth.
        let known = place == .new ? nil : heights[checksum] ?? file.flatMap(complete.height)
        guard stack.count + (known ?? 1) <= DirTree.maximumDepth else {
            throw RepositoryError.badObject(
                commit, "its tree is deeper than \(DirTree.maximumDepth) folders")
        }
        if let known { return known }
        let size =
            try remembered.map { UInt64($0.count) } ?? file.map { UInt64(try $0.status().st_size) } ?? 0
        let openSize = (stack.last?.openSize ?? 0) + size
        guard openSize <= quarantine.repository.maximumOpenSize else {
            throw RepositoryError.badObject(
                commit,
                "the folders on one way through its tree have more than \(quarantine.repository.maximumOpenSize) bytes, and at "
                    + "most so many are taken")
        }
        let bytes = try remembered ?? file?.readAll(limit: Commit.maximumMetadataSize) ?? []
        let tree = try bytes.withUnsafeBytes { try DirTree($0, name) }
        let visit = Visit(
            name: name, isStored: place == .stored, openSize: openSize, directories: tree.directories)
        for file in tree.files { _ = try require(ObjectName(file.checksum, .file), neededBy: name) }
        stack.append(visit)
        return nil
    }

    private func open(_ tree: ObjectName, isStored: Bool) throws -> Descriptor {
        if isStored {
            return try quarantine.repository.objects.openFile(quarantine.repository.objectPath(tree))
        }
        return try quarantine.place(.dirtree).openFile(tree.checksum)
    }

    /// Marks a directory below which everything was found. Those of the repository are marked after publication, when all of it
    /// is there.
    private mutating func leave(_ visit: Visit) {
        // It was closed meanwhile: as many as the tree is deep would be open.
        if !visit.isStored, let file = try? quarantine.place(.dirtree).openFile(visit.name.checksum),
            complete.mark(file, height: visit.height)
        {
            return
        }
        heights[visit.name.checksum] = visit.height
    }

    /// Marks the trees that the repository had, now that all their objects are in it, and notes complete histories. A failure
    /// costs the next publication time, and nothing else.
    func markStored() {
        let repository = quarantine.repository
        for commit in wholeHistories where !repository.hadWholeHistory(of: commit) {
            repository.noteWholeHistory(of: commit)
        }
        for (checksum, height) in heights {
            let path = repository.objectPath(ObjectName(checksum, .dirtree))
            if let file = try? repository.objects.openFile(path) { _ = complete.mark(file, height: height) }
        }
    }

    private func missing(_ name: ObjectName, neededBy parent: ObjectName?) -> RepositoryError {
        let need = parent.map { ", which \($0) needs," } ?? ""
        return RepositoryError(
            .missingObject,
            "object \(name)\(need) was neither sent nor is it in the repository: push again, from a complete "
                + "repository")
    }
}
