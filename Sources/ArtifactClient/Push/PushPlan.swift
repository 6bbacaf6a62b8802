// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// The changes that a push asks for, given the refs of the remote.
struct PushPlan {
    /// The results if the remote makes all of `edits`.
    private(set) var results: [RefEditResult] = []
    private(set) var edits: [RefEdit] = []
    /// The commits to send, each once, older ones first.
    private(set) var commits: [Checksum] = []

    /// Plans a push.
    ///
    /// - Parameters:
    ///   - told: the refs that the receiver named, which must be repeated to it.
    ///   - remote: the refs of the remote; nil if they are not known.
    ///   - metadata: the remote's detached metadata. Where it lacks something, a ref that is there already is asked for again.
    ///   - replacesAny: asks the remote to replace commits that are not ancestors of ours.
    ///   - filled: refs whose history is to be filled in, also where they are there already.
    init(
        _ refs: some Collection<(ref: RefName, commit: Checksum)>, told: [RefName: Checksum],
        remote: [RefName: Checksum]?, metadata: MetadataComparison, from repository: Repository,
        replacesAny: Bool, filling filled: Set<RefName> = []
    ) throws {
        results.reserveCapacity(refs.count)
        // As many as the receiver does not have at all.
        edits.reserveCapacity(refs.count - min(refs.count, remote?.count ?? 0))
        var planned: Set<Checksum> = []
        // The strong and the weak cache key of an artifact point to the same commit.
        var histories: [[Checksum?]: (commits: [Checksum], reached: Bool)] = [:]
        for (ref, commit) in refs {
            let old = remote?[ref]
            if old == commit {
                results.append(RefEditResult(ref, .unchanged, from: commit, to: commit))
                if try filled.contains(ref) || metadata.mustSend(commit) {
                    edits.append(RefEdit(ref, at: commit, to: commit))
                }
                continue
            }
            let history = try histories[[commit, old]] ?? repository.history(from: commit, backTo: old)
            histories[[commit, old]] = history
            if let old, !history.reached, !replacesAny, try !repository.mayReplace(old, with: commit) {
                results.append(RefEditResult(ref, .diverged, from: old, to: commit))
                continue
            }
            results.append(RefEditResult(ref, remote == nil ? .sent : .moved, from: old, to: commit))
            edits.append(RefEdit(ref, at: told[ref], to: commit))
            commits += history.commits.reversed().filter { planned.insert($0).inserted }
        }
    }

    /// Returns the edits, and keeps none.
    mutating func takeEdits() -> [RefEdit] {
        defer { edits = [] }
        return edits
    }

    /// Replaces the expected results by those that the receiver reports.
    ///
    /// - Parameter reparenting: true if the receiver may have made commits of its own from ours.
    mutating func apply(_ told: [RefEditResult], reparenting: Bool) {
        // Receivers keep the order, so that hardly any result has to be looked for.
        var next = 0
        var positions: [RefName: Int]?
        for index in results.indices {
            let ref = results[index].ref
            let isNext = next < told.count && told[next].ref == ref
            let position = next
            if isNext { next += 1 }
            guard results[index].outcome == .moved else { continue }
            if !isNext, positions == nil {
                positions = Dictionary(zip(told.map(\.ref), told.indices)) { first, _ in first }
            }
            guard let place = isNext ? position : positions?[ref] else { continue }
            let result = told[place]
            if reparenting, result.outcome != .kept { results[index].new = result.new }
            guard result.outcome != .moved else { continue }
            (results[index].outcome, results[index].old) = (result.outcome, result.old)
        }
    }
}

extension Repository {
    /// Returns true if the remote may be asked to replace a commit by one that is no descendant, as far as its history
    /// is here.
    fileprivate func mayReplace(_ old: Checksum, with new: Checksum) throws -> Bool {
        guard try commit(new).parent == nil else { return false }
        // The remote checks whether its commit has a parent, where that commit is not here.
        return try !contains(ObjectName(old, .commit)) || commit(old).parent == nil
    }
}
