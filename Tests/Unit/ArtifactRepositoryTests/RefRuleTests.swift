// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

@Suite("A ref")
struct RefRuleTests {
    private static let first = SampleCommit()
    private static let second = SampleCommit("second", parent: first)
    private static let third = SampleCommit("third", parent: second)
    private static let stranger = SampleCommit("stranger")
    private static let ref = RefName.named("main")

    /// Where a ref is, where it is to go, and what comes of it.
    struct Move: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var current: SampleCommit?
        var new: SampleCommit
        var expectation: RefChange.Expectation
        var policy: RefMovePolicy
        var outcome: RefOutcome?
        var failure: RepositoryError.Code?

        init(
            _ description: String, from current: SampleCommit?, to new: SampleCommit,
            _ expectation: RefChange.Expectation, by policy: RefMovePolicy = .forward, _ outcome: RefOutcome
        ) {
            (testDescription, self.current, self.new) = (description, current, new)
            (self.expectation, self.policy, self.outcome) = (expectation, policy, outcome)
        }

        init(
            _ description: String, from current: SampleCommit?, to new: SampleCommit,
            _ expectation: RefChange.Expectation, by policy: RefMovePolicy = .forward,
            fails failure: RepositoryError.Code
        ) {
            (testDescription, self.current, self.new) = (description, current, new)
            (self.expectation, self.policy, self.failure) = (expectation, policy, failure)
        }
    }

    private static let moved = RefOutcome.moved(from: first.checksum)

    private static let moves: [Move] = [
        Move("absent, new", from: nil, to: first, .absent, .moved(from: nil)),
        Move("absent, there already", from: first, to: first, .absent, .unchanged),
        Move("absent, taken", from: first, to: second, .absent, fails: .refMoved),
        Move("kept, new", from: nil, to: first, .absentOrKept, by: .artifacts, .moved(from: nil)),
        Move("kept, there already", from: first, to: first, .absentOrKept, by: .artifacts, .unchanged),
        Move("kept, taken", from: first, to: stranger, .absentOrKept, by: .artifacts, .kept(first.checksum)),
        Move(
            "kept, taken, history", from: first, to: second, .absentOrKept, by: .artifacts, fails: .refMoved),
        Move(
            "kept, taken by history", from: second, to: first, .absentOrKept, by: .artifacts, fails: .refMoved
        ),
        Move("never, new", from: nil, to: first, .absent, by: .never, .moved(from: nil)),
        Move("never, unknown", from: first, to: stranger, .unknown, by: .never, .kept(first.checksum)),
        Move("never, absent", from: first, to: second, .absent, by: .never, .kept(first.checksum)),
        Move(
            "never, forward", from: first, to: second, .commit(first.checksum), by: .never,
            .kept(first.checksum)),
        Move("never, there already", from: first, to: first, .unknown, by: .never, .unchanged),
        Move("artifacts, new", from: nil, to: first, .unknown, by: .artifacts, .moved(from: nil)),
        Move("artifacts, unknown", from: first, to: stranger, .unknown, by: .artifacts, moved),
        Move("artifacts, named", from: first, to: stranger, .commit(first.checksum), by: .artifacts, moved),
        Move("artifacts, forward", from: first, to: second, .unknown, by: .artifacts, moved),
        Move(
            "artifacts, meanwhile", from: second, to: first, .commit(stranger.checksum), by: .artifacts,
            fails: .refMoved),
        Move(
            "artifacts, backward", from: second, to: first, .unknown, by: .artifacts, fails: .notFastForward),
        Move(
            "artifacts, sideways", from: second, to: stranger, .unknown, by: .artifacts,
            fails: .notFastForward),
        Move(
            "artifacts, history beside", from: stranger, to: second, .unknown, by: .artifacts,
            fails: .notFastForward),
        Move("forward, unknown", from: first, to: second, .unknown, by: .forward, moved),
        Move("forward, unknown, sideways", from: first, to: stranger, .unknown, fails: .notFastForward),
        Move(
            "any, back", from: second, to: first, .commit(second.checksum), by: .any,
            .moved(from: second.checksum)),
        Move("any, unknown", from: second, to: stranger, .unknown, by: .any, .moved(from: second.checksum)),
        Move(
            "any, meanwhile", from: second, to: stranger, .commit(first.checksum), by: .any, fails: .refMoved),
        Move("any, absent", from: second, to: first, .absent, by: .any, fails: .refMoved),
        Move("forward", from: first, to: second, .commit(first.checksum), .moved(from: first.checksum)),
        Move("forward by two", from: first, to: third, .commit(first.checksum), .moved(from: first.checksum)),
        Move("forward, there already", from: second, to: second, .commit(first.checksum), .unchanged),
        Move("sideways", from: first, to: stranger, .commit(first.checksum), fails: .notFastForward),
        Move("backward", from: second, to: first, .commit(second.checksum), fails: .notFastForward),
        Move("forward, moved meanwhile", from: second, to: third, .commit(first.checksum), fails: .refMoved),
        Move("forward, gone meanwhile", from: nil, to: second, .commit(first.checksum), fails: .refMoved),
        Move("anywhere, new", from: nil, to: first, .anything, .moved(from: nil)),
        Move("anywhere, back", from: second, to: first, .anything, .moved(from: second.checksum)),
        Move("anywhere, there already", from: first, to: first, .anything, .unchanged),
    ]

    @Test("goes where it may and nowhere else", arguments: moves)
    func move(move: Move) throws {
        let scratch = try ScratchFolder()
        defer { scratch.remove() }
        let repository = try scratch.repository(.archive)
        if let current = move.current {
            try repository.push(
                [Self.first, Self.second, Self.stranger].flatMap(\.objects).unique(),
                RefChange(Self.ref, to: current.checksum, expecting: .absent))
        }
        let before = try repository.visibleFiles()
        let objects = [Self.first, Self.second, Self.third, Self.stranger].flatMap(\.objects).unique()
        let change = RefChange(
            Self.ref, to: move.new.checksum, expecting: move.expectation, moves: move.policy)
        if let failure = move.failure {
            let error = #expect(throws: RepositoryError.self) { try repository.push(objects, change) }
            #expect(error?.code == failure)
            #expect(error?.description.contains("\(Self.ref)") == true)
            #expect(try repository.visibleFiles() == before)
            // Commits are looked at when they are there.
            if failure == .refMoved && move.expectation != .absentOrKept {
                #expect(throws: RepositoryError.self) { try repository.check([change]) }
            }
            return
        }
        try repository.check([change])
        #expect(try repository.push(objects, change) == [move.outcome])
        let stays = if case .kept(let current) = move.outcome { current } else { move.new.checksum }
        #expect(try repository.commit(of: Self.ref) == stays)
    }

    @Test(
        "stands neither where another has a folder nor below another",
        arguments: [
            ("a", "a/b"), ("a/b", "a"), ("a", "a/b/c"), ("a/b/c", "a"), ("a/b/c", "a/b"), ("x/a", "x/a/b"),
        ],
        [true, false])
    func conflicts(names: (String, String), isThere: Bool) throws {
        let scratch = try ScratchFolder()
        defer { scratch.remove() }
        let repository = try scratch.repository(.archive)
        let changes = [names.0, names.1, "other"].map {
            RefChange(.named($0), to: Self.first.checksum, expecting: .absent)
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
            try repository.check(isThere ? [changes[1]] : Array(changes[...1]))
        }
        #expect(beforehand?.code == .conflict)
    }

    @Test("is no conflict for one whose name only begins the same")
    func neighbours() throws {
        let scratch = try ScratchFolder()
        defer { scratch.remove() }
        let repository = try scratch.repository(.archive)
        let changes = ["a/b", "a/bc", "a/b-c", "ab", "a.b"].map {
            RefChange(.named($0), to: Self.first.checksum, expecting: .absent)
        }
        let quarantine = try repository.makeQuarantine(.transient)
        for object in Self.first.objects { try quarantine.take(object) }
        let outcomes = try quarantine.publish(changes, replaceDetachedMetadata: false)
        #expect(outcomes == Array(repeating: .moved(from: nil), count: 5))
        #expect(try repository.refs().map(\.ref.text) == ["a.b", "a/b", "a/b-c", "a/bc", "ab"])
    }

    @Test("may be called like a folder that a deleted ref left empty, as ostree allows")
    func emptyFolders() throws {
        let scratch = try ScratchFolder()
        defer { scratch.remove() }
        let repository = try scratch.repository(.archive)
        try repository.push(
            Self.first.objects, RefChange(.named("a/b/c"), to: Self.first.checksum, expecting: .absent))
        try Command.run("ostree", "--repo=\(repository.path)", "refs", "--delete", "a/b/c")
        try repository.push([], RefChange(.named("a"), to: Self.first.checksum, expecting: .absent))
        #expect(try repository.commit(of: .named("a")) == Self.first.checksum)
    }

    @Test("stays where it is when another of the same push cannot move")
    func allOrNothing() throws {
        let scratch = try ScratchFolder()
        defer { scratch.remove() }
        let repository = try scratch.repository(.archive)
        try repository.push(
            Self.first.objects, RefChange(Self.ref, to: Self.first.checksum, expecting: .absent))
        let before = try repository.visibleFiles()
        #expect(throws: RepositoryError.self) {
            try repository.push(
                Self.second.objects.filter { try !repository.contains($0.name) },
                RefChange(.named("other"), to: Self.second.checksum, expecting: .absent),
                RefChange(Self.ref, to: Self.second.checksum, expecting: .absent))
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
