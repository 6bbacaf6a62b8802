// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// A ref.
@Suite struct RefRuleTests {
    private static let first = SampleCommit()
    private static let second = SampleCommit("second", parent: first)
    private static let third = SampleCommit("third", parent: second)
    private static let stranger = SampleCommit("stranger")
    private static let ref = RefName.named("main")

    /// A ref's commit, the commit that it is to move to, and the result.
    struct Move: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var current: SampleCommit?
        var new: SampleCommit
        var previous: RefEdit.PreviousValue
        var policy: RefMovePolicy
        var outcome: RefEditResult.Outcome?
        var failure: RepositoryError.Code?

        init(
            _ description: String, from current: SampleCommit?, to new: SampleCommit,
            _ previous: RefEdit.PreviousValue, by policy: RefMovePolicy = .forward,
            _ outcome: RefEditResult.Outcome
        ) {
            (testDescription, self.current, self.new) = (description, current, new)
            (self.previous, self.policy, self.outcome) = (previous, policy, outcome)
        }

        init(
            _ description: String, from current: SampleCommit?, to new: SampleCommit,
            _ previous: RefEdit.PreviousValue, by policy: RefMovePolicy = .forward,
            fails failure: RepositoryError.Code
        ) {
            (testDescription, self.current, self.new) = (description, current, new)
            (self.previous, self.policy, self.failure) = (previous, policy, failure)
        }
    }

    private static let moves: [Move] = [
        Move("absent, new", from: nil, to: first, .mustNotExist, .moved),
        Move("absent, there already", from: first, to: first, .mustNotExist, .unchanged),
        Move("absent, taken", from: first, to: second, .mustNotExist, fails: .refMoved),
        Move("kept, new", from: nil, to: first, .mustNotExistOrKeep, by: .artifacts, .moved),
        Move("kept, there already", from: first, to: first, .mustNotExistOrKeep, by: .artifacts, .unchanged),
        Move("kept, taken", from: first, to: stranger, .mustNotExistOrKeep, by: .artifacts, .kept),
        Move(
            "kept, taken, history", from: first, to: second, .mustNotExistOrKeep, by: .artifacts,
            fails: .refMoved),
        Move(
            "kept, taken by history", from: second, to: first, .mustNotExistOrKeep, by: .artifacts,
            fails: .refMoved
        ),
        Move("never, new", from: nil, to: first, .mustNotExist, by: .never, .moved),
        Move("never, unknown", from: first, to: stranger, .unstated, by: .never, .kept),
        Move("never, absent", from: first, to: second, .mustNotExist, by: .never, .kept),
        Move(
            "never, forward", from: first, to: second, .mustMatch(first.checksum), by: .never,
            .kept),
        Move("never, there already", from: first, to: first, .unstated, by: .never, .unchanged),
        Move("artifacts, new", from: nil, to: first, .unstated, by: .artifacts, .moved),
        Move("artifacts, unknown", from: first, to: stranger, .unstated, by: .artifacts, .moved),
        Move(
            "artifacts, named", from: first, to: stranger, .mustMatch(first.checksum), by: .artifacts, .moved),
        Move("artifacts, forward", from: first, to: second, .unstated, by: .artifacts, .moved),
        Move(
            "artifacts, meanwhile", from: second, to: first, .mustMatch(stranger.checksum), by: .artifacts,
            fails: .refMoved),
        Move(
            "artifacts, backward", from: second, to: first, .unstated, by: .artifacts, fails: .notFastForward),
        Move(
            "artifacts, sideways", from: second, to: stranger, .unstated, by: .artifacts,
            fails: .notFastForward),
        Move(
            "artifacts, history beside", from: stranger, to: second, .unstated, by: .artifacts,
            fails: .notFastForward),
        Move("forward, unknown", from: first, to: second, .unstated, by: .forward, .moved),
        Move("forward, unknown, sideways", from: first, to: stranger, .unstated, fails: .notFastForward),
        Move(
            "any, back", from: second, to: first, .mustMatch(second.checksum), by: .any,
            .moved),
        Move("any, unknown", from: second, to: stranger, .unstated, by: .any, .moved),
        Move(
            "any, meanwhile", from: second, to: stranger, .mustMatch(first.checksum), by: .any,
            fails: .refMoved),
        Move("any, absent", from: second, to: first, .mustNotExist, by: .any, fails: .refMoved),
        Move("forward", from: first, to: second, .mustMatch(first.checksum), .moved),
        Move("forward by two", from: first, to: third, .mustMatch(first.checksum), .moved),
        Move("forward, there already", from: second, to: second, .mustMatch(first.checksum), .unchanged),
        Move("sideways", from: first, to: stranger, .mustMatch(first.checksum), fails: .notFastForward),
        Move("backward", from: second, to: first, .mustMatch(second.checksum), fails: .notFastForward),
        Move(
            "forward, moved meanwhile", from: second, to: third, .mustMatch(first.checksum), fails: .refMoved),
        Move("forward, gone meanwhile", from: nil, to: second, .mustMatch(first.checksum), fails: .refMoved),
        Move("anywhere, new", from: nil, to: first, .any, .moved),
        Move("anywhere, back", from: second, to: first, .any, .moved),
        Move("anywhere, there already", from: first, to: first, .any, .unchanged),
    ]

    @Test(arguments: moves)
    func `A ref goes where it may and nowhere else`(move: Move) throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        if let current = move.current {
            try repository.push(
                [Self.first, Self.second, Self.stranger].flatMap(\.objects).unique(),
                RefEdit(Self.ref, from: .mustNotExist, to: current.checksum))
        }
        let before = try repository.visibleFiles()
        let objects = [Self.first, Self.second, Self.third, Self.stranger].flatMap(\.objects).unique()
        let edit = RefEdit(Self.ref, from: move.previous, to: move.new.checksum)
        if let failure = move.failure {
            let error = #expect(throws: RepositoryError.self) {
                try repository.push(objects, edit, moves: move.policy)
            }
            #expect(error?.code == failure)
            #expect(error?.description.contains("\(Self.ref)") == true)
            #expect(try repository.visibleFiles() == before)
            // Commits are looked at when they are there.
            if failure == .refMoved && move.previous != .mustNotExistOrKeep {
                #expect(throws: RepositoryError.self) { try repository.check([edit], moves: move.policy) }
            }
            return
        }
        try repository.check([edit], moves: move.policy)
        let outcome = try #require(move.outcome)
        let current = move.current?.checksum
        let result = RefEditResult(Self.ref, outcome, from: current, to: move.new.checksum)
        #expect(try repository.push(objects, edit, moves: move.policy) == [result])
        #expect(try repository.commit(of: Self.ref) == (outcome == .kept ? current : move.new.checksum))
    }

    @Test(
        arguments: [
            ("a", "a/b"), ("a/b", "a"), ("a", "a/b/c"), ("a/b/c", "a"), ("a/b/c", "a/b"), ("x/a", "x/a/b"),
        ],
        [true, false])
    func `A ref stands neither where another has a directory nor below another`(
        names: (String, String), isThere: Bool
    ) throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        let changes = [names.0, names.1, "other"].map {
            RefEdit(.named($0), from: .mustNotExist, to: Self.first.checksum)
        }
        if isThere { try repository.push(Self.first.objects, changes[0]) }
        let before = try repository.visibleFiles()
        let error = #expect(throws: RepositoryError.self) {
            if isThere {
                try repository.push(
                    Self.stranger.objects.filter { try !repository.contains($0.name) }, changes[2], changes[1]
                )
            } else {
                try repository.push(Self.first.objects, changes[2], changes[1], changes[0])
            }
        }
        #expect(error?.code == .conflict)
        #expect(try repository.visibleFiles() == before)
        let beforehand = #expect(throws: RepositoryError.self) {
            try repository.check(isThere ? [changes[1]] : Array(changes[...1]), moves: .forward)
        }
        #expect(beforehand?.code == .conflict)
    }

    @Test func `A ref is no conflict for one whose name only begins the same`() throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        let changes = ["a/b", "a/bc", "a/b-c", "ab", "a.b"].map {
            RefEdit(.named($0), from: .mustNotExist, to: Self.first.checksum)
        }
        let quarantine = try repository.makeQuarantine(.transient)
        for object in Self.first.objects { try quarantine.take(object) }
        let outcomes = try quarantine.publish(changes, moves: .forward, merging: .keepsStored)
        #expect(outcomes.map(\.outcome) == Array(repeating: .moved, count: 5))
        #expect(try repository.refs().map(\.ref.text) == ["a.b", "a/b", "a/b-c", "a/bc", "ab"])
    }

    @Test func `A ref may be called like a directory that a deleted ref left empty, as ostree allows`() throws
    {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        try repository.push(
            Self.first.objects, RefEdit(.named("a/b/c"), from: .mustNotExist, to: Self.first.checksum))
        try repository.ostree("refs", "--delete", "a/b/c")
        try repository.push([], RefEdit(.named("a"), from: .mustNotExist, to: Self.first.checksum))
        #expect(try repository.commit(of: .named("a")) == Self.first.checksum)
    }

    @Test func `A ref stays where it is when another of the same push cannot move`() throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        try repository.push(
            Self.first.objects, RefEdit(Self.ref, from: .mustNotExist, to: Self.first.checksum))
        let before = try repository.visibleFiles()
        #expect(throws: RepositoryError.self) {
            try repository.push(
                Self.second.objects.filter { try !repository.contains($0.name) },
                RefEdit(.named("other"), from: .mustNotExist, to: Self.second.checksum),
                RefEdit(Self.ref, from: .mustNotExist, to: Self.second.checksum))
        }
        #expect(try repository.visibleFiles() == before)
    }
}

extension [SampleObject] {
    /// Each object once: commits share some.
    func unique() -> [SampleObject] {
        var seen: Set<ObjectName> = []
        return filter { seen.insert($0.name).inserted }
    }
}
