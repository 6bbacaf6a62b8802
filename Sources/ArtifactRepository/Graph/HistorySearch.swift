// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A search for the places where the history of commits ends early in a store, without having been cut on purpose.
public struct HistorySearch {
    /// The effort that is made.
    public enum Effort: Sendable {
        /// Believes what was noted about histories, and reads a bounded number of commits, however long they are.
        case bounded
        /// Reads all commits.
        case thorough
    }

    private enum Finding {
        /// It is complete, or as complete as the store's owner wants it.
        case whole
        case end(HistoryEnd)
        case unknown
    }

    private let store: any ArtifactStore
    private let effort: Effort
    /// The number of commits that may still be read.
    private var budget: Int
    private var findings: [Checksum: Finding] = [:]
    /// The commits whose history was found to be complete, of which nothing was noted.
    public private(set) var wholeHistories: [Checksum] = []

    /// The most commits that a bounded search reads.
    package static let boundedEffort = 500
    private static let thoroughEffort = 500_000

    /// Prepares to search in a store.
    public init(in store: any ArtifactStore, _ effort: Effort) {
        (self.store, self.effort) = (store, effort)
        budget = effort == .bounded ? HistorySearch.boundedEffort : HistorySearch.thoroughEffort
    }

    /// Returns the place where the history of a commit ends early; nil if it is complete, or if the search found no end.
    public mutating func end(of tip: Checksum) throws -> HistoryEnd? {
        if effort == .bounded, store.hadWholeHistory(of: tip) { return nil }
        var walked: [Checksum] = []
        var finding: Finding?
        var child = tip
        while finding == nil {
            finding = findings[child]
            guard finding == nil else { break }
            walked.append(child)
            guard budget > 0 else {
                finding = .unknown
                break
            }
            budget -= 1
            guard let parent = try store.parent(of: child) else {
                finding = .whole
                break
            }
            guard try store.contains(ObjectName(parent, .commit)), try !store.isPartial(parent) else {
                let end = HistoryEnd(commit: child, missingParent: parent)
                finding = try store.isCut(parent) ? .whole : .end(end)
                break
            }
            if effort == .bounded, store.hadWholeHistory(of: parent) { finding = .whole }
            child = parent
        }
        for commit in walked { findings[commit] = finding }
        switch finding {
        case .end(let end): return end
        case .whole:
            // Of one without a parent, that need not be noted.
            if walked.count > 1 { wholeHistories.append(tip) }
            return nil
        case .unknown, nil: return nil
        }
    }
}
