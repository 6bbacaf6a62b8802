// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import SystemCalls

/// What a hook hears of a ref: nil stands for no commit.
typealias HookedMove = (ref: RefName, old: Checksum?, new: Checksum?)

/// A program of the cache's owner that is told of refs, as git's hooks are.
///
/// It is started when the receiver starts, by a shell that waits for its turn: later the receiver has given up the right
/// to start programs. What it prints goes to the receiver's standard error, and so to the client.
public final class Hook: @unchecked Sendable {
    // One thread uses it, hence @unchecked Sendable.
    private let program: String
    private let process: ChildProcess

    /// Prepares a program, which gets the repository's path as its argument.
    ///
    /// - Throws: `RepositoryError` where it is no program.
    public init(_ program: String, repository: String) throws {
        guard Directory.isExecutable(program) else {
            throw RepositoryError(
                .notAllowed,
                "hook \(program) cannot be run: check the path, and that this user may execute it")
        }
        self.program = program
        process = try ChildProcess(
            ["/bin/sh", "-c", "IFS= read -r turn && exec \"$0\" \"$@\"", program, repository],
            mergesOutput: true)
    }

    /// Runs it, with a line `OLD NEW REF` for each ref on its standard input; 64 zeros stand for no commit.
    ///
    /// - Returns: why it failed, nil where it returned 0.
    func run(_ moves: [HookedMove]) -> String? {
        let lines = moves.map { move in
            "\(move.old?.hex ?? Checksum.noCommit) \(move.new?.hex ?? Checksum.noCommit) \(move.ref)\n"
        }.joined()
        // A hook that does not read is no failure.
        try? process.input?.writeAll(Array("your turn\n\(lines)".utf8))
        switch process.wait() {
        case .status(0): return nil
        case .status(let status): return "it ended with status \(status)"
        case .signal(let signal): return "it was killed by signal \(signal)"
        }
    }
}

/// A store whose owner's programs are asked before each publication, and told of it afterwards.
public final class HookedStore: StoreDecorator {
    /// The store behind.
    public let inner: any ArtifactStore
    private let before: Hook?
    private let after: Hook?
    private let warn: (String) -> Void

    /// Asks and tells about publications in `inner`.
    ///
    /// - Parameters:
    ///   - inner: the store behind.
    ///   - before: refuses a push by failing.
    ///   - after: hears of the refs that moved.
    ///   - warn: hears that the second one failed, which changes nothing.
    public init(
        _ inner: any ArtifactStore, before: Hook?, after: Hook?, warn: @escaping @Sendable (String) -> Void
    ) {
        self.inner = inner
        self.before = before
        self.after = after
        self.warn = warn
    }

    /// Makes a place for new objects whose publication the hooks hear of.
    public func makeQuarantine(_ purpose: QuarantinePurpose) throws -> any Quarantine {
        HookedQuarantine(try inner.makeQuarantine(purpose), of: self)
    }

    /// Removes refs, where the first hook does not refuse it.
    public func delete(_ deletions: [RefDeletion]) throws {
        let moves: [HookedMove] = deletions.map { ($0.ref, $0.commit, nil) }
        try ask(moves)
        try inner.delete(deletions)
        tell(moves)
    }

    fileprivate func ask(_ changes: [RefChange]) throws {
        try ask(
            changes.compactMap { change in
                let current = try inner.commit(of: change.ref)
                guard case .moved(let old) = try change.outcome(current: current) else { return nil }
                return (change.ref, old, change.new)
            })
    }

    private func ask(_ moves: [HookedMove]) throws {
        let moves = moves.filter { $0.old != $0.new }
        guard let before, !moves.isEmpty, let reason = before.run(moves) else { return }
        throw RepositoryError(
            .notAllowed,
            "the cache's own check (pre-receive) refuses the push, since \(reason): see its messages, or ask the cache's "
                + "administrator")
    }

    fileprivate func tell(_ changes: [RefChange], _ outcomes: [RefOutcome]) {
        tell(
            zip(changes, outcomes).compactMap { change, outcome -> HookedMove? in
                if case .moved(let old) = outcome { (change.ref, old, change.new) } else { nil }
            })
    }

    private func tell(_ moves: [HookedMove]) {
        guard let after, !moves.isEmpty, let reason = after.run(moves) else { return }
        warn("the post-receive hook failed, since \(reason); the push is complete all the same")
    }
}

extension HookedStore: @unchecked Sendable {}

private final class HookedQuarantine: QuarantineDecorator {
    let inner: any Quarantine
    private let store: HookedStore

    init(_ inner: any Quarantine, of store: HookedStore) {
        self.inner = inner
        self.store = store
    }

    func publish(_ changes: [RefChange], replaceDetachedMetadata: Bool) throws -> [RefOutcome] {
        try store.ask(changes)
        let outcomes = try inner.publish(changes, replaceDetachedMetadata: replaceDetachedMetadata)
        store.tell(changes, outcomes)
        return outcomes
    }
}
