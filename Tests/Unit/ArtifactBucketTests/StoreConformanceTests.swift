// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import S3Samples
import TestSupport
import Testing
import Variants

@testable import ArtifactBucket

/// The behaviour that receivers expect of `ArtifactStore` and `Quarantine`, in a directory and in buckets.
@Suite struct StoreConformanceTests {
    private let sample: BucketSample

    init() throws {
        sample = try BucketSample()
    }

    private func edit(
        _ name: String, _ previous: RefEdit.PreviousValue = .mustNotExist, to new: Checksum?
    ) throws -> RefEdit {
        RefEdit(try ref(name), from: previous, to: new)
    }

    /// Expects that `body` fails with a code and that refs stay as they are.
    private func expectRefusal(
        _ code: RepositoryError.Code, in place: StorePlace, location: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) throws {
        let before = try place.open().refs().map { "\($0.ref) \($0.commit)" }
        let error = #expect(throws: RepositoryError.self, sourceLocation: location) { try body() }
        #expect(error?.code == code, "\(error?.description ?? "")", sourceLocation: location)
        let after = try place.open().refs().map { "\($0.ref) \($0.commit)" }
        #expect(before == after, sourceLocation: location)
    }

    @Test(arguments: StorePlace.Kind.allCases)
    func `A new store has nothing, and says so`(_ kind: StorePlace.Kind) throws {
        let place = try StorePlace.make(kind, sample)
        let store = try place.open()
        let absent = try sample.commit("a/b", ["file": "x"])
        #expect(store.mode == .archive && !store.location.isEmpty)
        #expect(try store.refs().isEmpty)
        #expect(try store.commit(of: ref("a/b")) == nil)
        for type in [ObjectType.file, .dirtree, .dirmeta, .commit, .commitmeta] {
            #expect(try !store.contains(ObjectName(absent, type)))
            if type != .file { #expect(try store.metadata(ObjectName(absent, type)) == nil) }
        }
        try store.recover()
        try expectRefusal(.unknownRef, in: place) { _ = try store.delete([edit("a/b", .any, to: nil)]) }
        #expect(try OSTreeCommand.refs(place.snapshot()) == [])
    }

    @Test(arguments: StorePlace.Kind.allCases)
    func `What is published is there, whole, in its own form, for each session`(_ kind: StorePlace.Kind)
        throws
    {
        let place = try StorePlace.make(kind, sample)
        let long = String(repeating: "a line of a large file\n", count: 50_000)
        let commit = try sample.commit(
            "a/b/c", ["empty": "", "x/y/z/deep": "deep", "large": long, "with space + % é": "x"])
        let pushed = try sample.push(
            [edit("a/b/c", to: commit), edit("other", to: commit)], to: place.open())
        #expect(pushed.results.map(\.outcome) == [.moved, .moved])
        let store = try place.open()
        #expect(try store.refs().map(\.ref.text) == ["a/b/c", "other"])
        #expect(try store.commit(of: ref("other")) == commit)
        #expect(try !store.isPartial(commit))
        for name in pushed.objects where name.type != .commitmeta {
            #expect(try store.contains(name))
            guard name.type != .file else { continue }
            #expect(try store.metadata(name) == sample.source.metadata(name))
        }
        let snapshot = try place.snapshot()
        #expect(Set(try OSTreeCommand.refs(snapshot)) == ["a/b/c", "other"])
        try OSTreeCommand.lines(
            snapshot, ["checkout", "--user-mode", "other", sample.directory.path("checkout")])
        let checkout = sample.directory.path("checkout")
        #expect(try text(ofFile: "\(checkout)/large") == long)
        #expect(try text(ofFile: "\(checkout)/with space + % é") == "x")
    }

    @Test(arguments: StorePlace.Kind.allCases)
    func `Nobody sees what is not published, and nothing stays of what is discarded`(_ kind: StorePlace.Kind)
        throws
    {
        let place = try StorePlace.make(kind, sample)
        let commit = try sample.commit("a/b", ["file": "x"])
        let store = try place.open()
        let quarantine = try store.makeQuarantine(.transient)
        let objects = try sample.bring([edit("a/b", to: commit)], to: quarantine)
        for name in objects {
            #expect(try quarantine.contains(name) && quarantine.holds(name))
            #expect(try !place.open().contains(name))
        }
        #expect(try quarantine.commit(commit)?.parent == nil)
        quarantine.discard()
        #expect(try OSTreeCommand.listObjects(place.snapshot()).isEmpty)
        let next = try store.makeQuarantine(.transient)
        defer { next.discard() }
        for name in objects { #expect(try !next.holds(name)) }
    }

    @Test(arguments: StorePlace.Kind.allCases)
    func `What an interrupted push leaves is there for the same one`(_ kind: StorePlace.Kind) throws {
        let place = try StorePlace.make(kind, sample)
        let commit = try sample.commit("a/b", ["file": "x", "directory/other": "y"])
        let purpose = QuarantinePurpose.resumable(.push, for: [(try ref("a/b"), commit)])
        let objects = try { () throws -> [ObjectName] in
            let first = try place.open().makeQuarantine(purpose)
            defer { first.leave() }
            return try sample.bring([edit("a/b", to: commit)], to: first)
        }()
        let second = try place.open().makeQuarantine(purpose)
        defer { second.discard() }
        let again = try sample.bring([edit("a/b", to: commit)], to: second)
        // A commit is asked for in any case.
        #expect(again.map(\.type) == [.commit], "\(again)")
        for name in objects where name.type != .commitmeta { #expect(try second.contains(name)) }
        _ = try second.publish([edit("a/b", to: commit)], moves: .artifacts, merging: .keepsStored)
        #expect(try OSTreeCommand.revParse(place.snapshot(), "a/b") == commit.hex)
    }

    @Test(arguments: StorePlace.Kind.allCases)
    func `A publication that lacks anything changes nothing`(_ kind: StorePlace.Kind) throws {
        let place = try StorePlace.make(kind, sample)
        let commit = try sample.commit("a/b", ["file": "x", "directory/other": "y"])
        for type in [ObjectType.file, .dirmeta] {
            try expectRefusal(.missingObject, in: place) {
                try sample.push([edit("a/b", to: commit)], to: place.open(), without: [type])
            }
        }
        // Nobody has such a commit.
        let unknown = ObjectName(commit, .commit)
        try expectRefusal(.missingObject, in: place) {
            let quarantine = try place.open().makeQuarantine(.transient)
            defer { quarantine.discard() }
            _ = try quarantine.publish(
                [edit("a/b", to: unknown.checksum)], moves: .artifacts, merging: .keepsStored)
        }
        #expect(try OSTreeCommand.refs(place.snapshot()) == [])
    }

    @Test(arguments: StorePlace.Kind.allCases)
    func `An object with other bytes than its name says is refused`(_ kind: StorePlace.Kind) throws {
        let place = try StorePlace.make(kind, sample)
        let commit = try sample.commit("a/b", ["file": "x"])
        let store = try place.open()
        for type in [ObjectType.commit, .dirtree, .dirmeta, .file] {
            let quarantine = try store.makeQuarantine(.transient)
            defer { quarantine.discard() }
            try expectRefusal(.badObject, in: place) {
                let bytes = [UInt8](repeating: 7, count: 100)
                let object = try quarantine.receive(ObjectName(commit, type), size: 100)
                try bytes.withUnsafeBytes { try object?.write($0) }
                try object?.finish()
                try quarantine.settle()
            }
            #expect(try !quarantine.contains(ObjectName(commit, type)))
        }
    }

    /// Brings what edits need, and publishes.
    private func publish(
        _ edits: [RefEdit], in place: StorePlace, _ moves: RefMovePolicy = .artifacts
    ) throws -> [RefEditResult.Outcome] {
        let quarantine = try place.open().makeQuarantine(.transient)
        defer { quarantine.discard() }
        _ = try sample.bring(edits, to: quarantine)
        return try quarantine.publish(edits, moves: moves, merging: .keepsStored).map(\.outcome)
    }

    @Test(arguments: StorePlace.Kind.allCases)
    func `Refs move under their conditions, all or none`(_ kind: StorePlace.Kind) throws {
        let place = try StorePlace.make(kind, sample)
        let first = try sample.commit("a/b", ["file": "1"])
        let second = try sample.commit("a/b", ["file": "2"])
        let third = try sample.commit("a/b", ["file": "3"])
        #expect(
            try publish([edit("a/b", to: first), edit("a/c", to: first)], in: place) == [.moved, .moved])
        // One that must not exist does, one is elsewhere, and one is not there.
        for wrong in [
            try edit("a/b", to: second), try edit("a/b", .mustMatch(second), to: third),
            try edit("new", .mustMatch(first), to: second),
        ] {
            try expectRefusal(.refMoved, in: place) {
                _ = try publish([edit("another", to: first), wrong], in: place)
            }
            try expectRefusal(.refMoved, in: place) { try place.open().check([wrong], moves: .artifacts) }
        }
        let edits = try [
            edit("a/b", .mustMatch(first), to: second), edit("a/c", .any, to: first), edit("d", to: second),
        ]
        #expect(try publish(edits, in: place) == [.moved, .unchanged, .moved])
        #expect(try publish([edit("a/c", .mustNotExistOrKeep, to: second)], in: place) == [.kept])
        #expect(try publish([edit("a/c", .mustMatch(first), to: second)], in: place, .never) == [.kept])
        let refs = try place.open().refs().map { "\($0.ref) \($0.commit == first ? 1 : 2)" }
        #expect(refs == ["a/b 2", "a/c 1", "d 2"])
        #expect(try OSTreeCommand.revParse(place.snapshot(), "a/b") == second.hex)
    }

    @Test(arguments: StorePlace.Kind.allCases)
    func `A commit that does not descend moves a ref where the policy lets it`(_ kind: StorePlace.Kind) throws
    {
        let place = try StorePlace.make(kind, sample)
        let first = try sample.commit("a/b", ["file": "1"])
        let second = try sample.commit("a/b", ["file": "2"], parent: first.hex)
        let third = try sample.commit("a/b", ["file": "3"], parent: second.hex)
        #expect(try publish([edit("a/b", to: second)], in: place) == [.moved])
        for moves in [RefMovePolicy.artifacts, .forward] {
            try expectRefusal(.notFastForward, in: place) {
                _ = try publish([edit("a/b", .mustMatch(second), to: first)], in: place, moves)
            }
        }
        #expect(try publish([edit("a/b", .mustMatch(second), to: third)], in: place, .forward) == [.moved])
        #expect(try publish([edit("a/b", .mustMatch(third), to: first)], in: place, .any) == [.moved])
        let store = try place.open()
        for commit in [first, second, third] { #expect(try store.contains(ObjectName(commit, .commit))) }
        _ = try place.snapshot()
    }

    @Test(arguments: StorePlace.Kind.allCases)
    func `Refs are removed under their conditions, all or none, and their places are free`(
        _ kind: StorePlace.Kind
    ) throws {
        let place = try StorePlace.make(kind, sample)
        // No name is the beginning of a checksum, which ostree would take it for.
        let commit = try sample.commit("x/b", ["file": "1"])
        let other = try sample.commit("x/b", ["file": "2"])
        _ = try publish([edit("x/b", to: commit), edit("x/c", to: commit)], in: place)
        try expectRefusal(.unknownRef, in: place) {
            _ = try place.open().delete([edit("x/b", .any, to: nil), edit("none", .any, to: nil)])
        }
        try expectRefusal(.refMoved, in: place) {
            _ = try place.open().delete([
                edit("x/c", .mustMatch(commit), to: nil), edit("x/b", .mustMatch(other), to: nil),
            ])
        }
        // Programs keep refs as files, so a ref is no directory of others.
        for name in ["x", "x/b/c"] {
            try expectRefusal(.conflict, in: place) { _ = try publish([edit(name, to: commit)], in: place) }
        }
        let deleted = try place.open().delete([
            edit("x/c", .mustMatch(commit), to: nil), edit("x/b", .any, to: nil),
        ])
        #expect(deleted.map(\.outcome) == [.moved, .moved] && deleted.map(\.old) == [commit, commit])
        #expect(try place.open().refs().isEmpty && OSTreeCommand.refs(place.snapshot()) == [])
        #expect(try publish([edit("x", to: other)], in: place) == [.moved])
        #expect(try OSTreeCommand.revParse(place.snapshot(), "x") == other.hex)
    }

    @Test(arguments: StorePlace.Kind.allCases)
    func `Signatures that come later are added`(_ kind: StorePlace.Kind) throws {
        let place = try StorePlace.make(kind, sample)
        let commit = try sample.commit("a/b", ["file": "1"])
        _ = try publish([edit("a/b", to: commit)], in: place)
        for number in 0..<3 {
            let quarantine = try place.open().makeQuarantine(.transient)
            defer { quarantine.discard() }
            let signature = Variant.bytes([UInt8](repeating: UInt8(number), count: 64))
            let value = Variant.dictionary([
                (key: "ostree.sign.ed25519", value: .array(of: "ay", [signature]))
            ])
            try quarantine.setDetachedMetadata(value.serialized(), of: commit)
            let results = try quarantine.publish(
                [edit("a/b", .mustMatch(commit), to: commit)], moves: .artifacts, merging: .keepsStored)
            #expect(results.map(\.outcome) == [.unchanged])
            #expect(try place.open().detachedMetadata(of: commit).items.count == number + 1)
        }
        _ = try place.snapshot()
    }

    @Test(arguments: StorePlace.Kind.allCases)
    func `Of sessions that create the same ref at once one succeeds, and others lose nothing`(
        _ kind: StorePlace.Kind
    ) async throws {
        let place = try StorePlace.make(kind, sample)
        let commits = try (0..<8).map { try sample.commit("build/\($0)", ["file": "\($0)", "same": "same"]) }
        let outcomes = try await withThrowingTaskGroup(of: String.self) { group in
            for (number, commit) in commits.enumerated() {
                group.addTask {
                    let own = try edit("own/\(number)", to: commit)
                    guard try publish([own], in: place) == [.moved] else { return "lost" }
                    do {
                        return try publish([edit("common", to: commit)], in: place) == [.moved]
                            ? "won" : "lost"
                    } catch let error as RepositoryError where error.code == .refMoved {
                        return "refused"
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == "won" } == 1 && !outcomes.contains("lost"), "\(outcomes)")
        #expect(try place.open().refs().count == 9)
        let snapshot = try place.snapshot()
        for (number, commit) in commits.enumerated() {
            #expect(try OSTreeCommand.revParse(snapshot, "own/\(number)") == commit.hex)
        }
    }
}
