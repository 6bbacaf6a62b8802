// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Runs the owner's programs before and after each publication, as git does.
public struct Hooks: ReceivePolicy {
    private let store: any ArtifactStore
    private let moves: RefMovePolicy
    private let before: Hook?
    private let after: Hook?
    private let warn: @Sendable (String) -> Void
    /// Indicates that commits become visible to which no ref moves: hooks hear of refs that stay, then.
    private var hasMoreCommits = false

    /// Creates the policy of a cache.
    ///
    /// - Parameters:
    ///   - store: the cache.
    ///   - moves: the policy for refs that exist: hooks hear only of those that move.
    ///   - before: refuses a push by failing.
    ///   - after: receives the refs that moved.
    ///   - warn: receives a message if the second one fails, which changes nothing.
    public init(
        _ store: any ArtifactStore, moves: RefMovePolicy, before: Hook?, after: Hook?,
        warn: @escaping @Sendable (String) -> Void
    ) {
        (self.store, self.moves, self.before, self.after, self.warn) = (store, moves, before, after, warn)
    }

    /// True if there is a hook that may refuse.
    public var decidesAtPublication: Bool { before != nil }

    /// Remembers that there is more than what refs move to.
    public mutating func note(_ commit: Checksum) { hasMoreCommits = true }

    /// Runs the first hook.
    ///
    /// - Throws: `RepositoryError` with `notAllowed` if it fails.
    public func willPublish(_ edits: [RefEdit], from quarantine: (any Quarantine)?) throws {
        guard let before else { return }
        let moved = try edits.map { try $0.result(at: store.commit(of: $0.ref), moves: moves) }
            .filter(isTold)
        guard !moved.isEmpty, let reason = before.run(moved) else { return }
        var refusal = RepositoryError(
            .notAllowed,
            "the cache's own check (pre-receive) refuses the push, since \(reason): see its messages, or ask the cache's "
                + "administrator")
        // Without ancestors, the hook would be told the same.
        refusal.isFinal = moved.allSatisfy { $0.outcome == .moved }
        throw refusal
    }

    private func isTold(_ result: RefEditResult) -> Bool {
        result.outcome == .moved || hasMoreCommits && result.outcome == .unchanged
    }

    /// Runs the second hook.
    public func didPublish(_ results: [RefEditResult]) {
        let moved = results.filter(isTold)
        guard let after, !moved.isEmpty, let reason = after.run(moved) else { return }
        warn("the post-receive hook failed, since \(reason); the push is complete all the same")
    }
}
