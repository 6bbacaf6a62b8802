// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// A repository in which every push that moves refs asks for a new summary.
public final class SummaryRequests: StoreDecorator {
    /// The repository.
    public let inner: any ArtifactStore
    private let repository: Repository
    private let isWanted: @Sendable () -> Bool

    /// Puts the wish around a repository.
    ///
    /// - Parameters:
    ///   - repository: the repository.
    ///   - isWanted: whether there is to be a summary, asked when refs have moved.
    public init(_ repository: Repository, when isWanted: @escaping @Sendable () -> Bool = { true }) {
        inner = repository
        self.repository = repository
        self.isWanted = isWanted
    }

    /// Removes refs, and asks for a summary without them.
    public func delete(_ deletions: [RefDeletion]) throws {
        try inner.delete(deletions)
        if isWanted() { try? repository.requestSummaryUpdate() }
    }

    /// Makes a quarantine that asks for a summary when it has moved refs.
    public func makeQuarantine(_ purpose: QuarantinePurpose) throws -> any Quarantine {
        AskingQuarantine(try inner.makeQuarantine(purpose), in: inner) { [repository, isWanted] in
            // The push is done, with or without a summary.
            if isWanted() { try? repository.requestSummaryUpdate() }
        }
    }
}

private final class AskingQuarantine: QuarantineDecorator {
    let inner: any Quarantine
    private let store: any ArtifactStore
    private let ask: () -> Void

    init(_ inner: any Quarantine, in store: any ArtifactStore, _ ask: @escaping () -> Void) {
        self.inner = inner
        self.store = store
        self.ask = ask
    }

    func publish(_ changes: [RefChange], replaceDetachedMetadata: Bool) throws -> [RefOutcome] {
        let before = places(of: changes)
        // Where publication fails half-way, some refs may have moved.
        defer {
            let after = places(of: changes)
            if before == nil || after != before { ask() }
        }
        return try inner.publish(changes, replaceDetachedMetadata: replaceDetachedMetadata)
    }

    /// The commits of refs; nil where they cannot be read.
    private func places(of changes: [RefChange]) -> [Checksum?]? {
        try? changes.map { try store.commit(of: $0.ref) }
    }
}
