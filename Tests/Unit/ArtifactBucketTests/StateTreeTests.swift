// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Testing

@testable import ArtifactBucket

/// The tree of all refs.
@Suite struct StateTreeTests {
    /// Nodes in memory.
    private final class Nodes {
        var nodes: [Checksum: [UInt8]] = [:]
        var reads = 0

        var tree: StateTree {
            StateTree(
                read: { [self] digests in
                    reads += digests.count
                    return try digests.map { try #require(nodes[$0]) }
                },
                write: { [self] bytes in
                    let digest = Digest(of: bytes).finish()
                    #expect(nodes[digest] == nil, "no node is ever written twice")
                    nodes[digest] = bytes
                    return digest
                })
        }
    }

    private let nodes = Nodes()

    private func edit(_ sequence: UInt64, _ ref: String, _ commit: Checksum?) throws -> LoggedEdit {
        LoggedEdit(sequence, try #require(RefName(ref)), from: nil, to: commit)
    }

    private func list(_ root: Checksum?) throws -> [String] {
        var lines: [String] = []
        try nodes.tree.forEach(below: root) { lines.append("\($0) \($1) \($2)") }
        return lines.sorted()
    }

    @Test func `Random edits have the effect that they have on a dictionary`() throws {
        var generator = SeededGenerator(1)
        var expected: [RefName: String] = [:]
        var root: Checksum?
        for round in 0..<60 as Range<UInt64> {
            let edits = try (0..<Int.random(in: 1...400, using: &generator)).map { _ in
                let name =
                    "project/\(Int.random(in: 0..<60, using: &generator))/\(Int.random(in: 0..<100, using: &generator))"
                let isRemoval = Int.random(in: 0..<(round < 45 ? 10 : 2), using: &generator) == 0
                return try edit(round, name, isRemoval ? nil : checksum("\(round)"))
            }
            root = try nodes.tree.applying(edits, to: root)
            for edit in edits { expected[edit.ref] = edit.new.map { "\($0) \(round)" } }
            #expect(try list(root) == expected.map { "\($0.key) \($0.value)" }.sorted())
        }
        for number in 0..<100 {
            let ref = try #require(RefName("project/7/\(number)"))
            let found = try nodes.tree.lookUp(ref, below: root)
            #expect(found.map { "\($0.commit) \($0.sequence)" } == expected[ref])
        }
        let removals = try expected.keys.map { try edit(99, $0.text, nil) }
        #expect(try nodes.tree.applying(removals, to: root) == nil)
    }

    @Test func `Names that only look the same are different refs`() throws {
        // The letter, and the sign of the unit.
        let names = ["kelvin-K", "kelvin-\u{212A}"]
        let first = try nodes.tree.applying([edit(1, names[0], checksum("0"))], to: nil)
        let missing = try #require(RefName(names[1]))
        #expect(try nodes.tree.lookUp(missing, below: first) == nil)
        let root = try nodes.tree.applying(
            [edit(2, names[0], checksum("1")), edit(2, names[1], checksum("2"))], to: first)
        let found = try names.map { name in
            try nodes.tree.lookUp(try #require(RefName(name)), below: root)?.commit
        }
        #expect(found == [checksum("1"), checksum("2")])
    }

    @Test func `Looking up one of 100,000 refs reads two nodes, and editing it writes two`() throws {
        let edits = try (0..<100_000).map {
            try edit(1, "project/element-\($0 / 10)/\($0)", checksum("\($0 % 7)"))
        }
        let root = try nodes.tree.applying(edits, to: nil)
        nodes.reads = 0
        #expect(try nodes.tree.lookUp(edits[54_321].ref, below: root)?.commit == edits[54_321].new)
        #expect(nodes.reads == 2)
        let none = try #require(RefName("project/element-1/none"))
        #expect(try nodes.tree.lookUp(none, below: root) == nil)
        let count = nodes.nodes.count
        let other = try nodes.tree.applying([edit(2, edits[7].ref.text, checksum("x"))], to: root)
        #expect(nodes.nodes.count == count + 2)
        #expect(try nodes.tree.lookUp(edits[7].ref, below: other)?.sequence == 2)
        #expect(
            try nodes.tree.lookUp(edits[7].ref, below: root)?.sequence == 1, "the old tree is still there")
        var visited = 0
        try nodes.tree.forEachNode(below: root) { _ in
            visited += 1
            return true
        }
        #expect(visited == count)
    }

    @Test func `A node that is malformed or out of order is refused`() throws {
        let items = ["b", "a"].map { StateNode.Ref(name: $0, commit: checksum($0), sequence: 1) }
        let unordered = StateNode.serialized(leaf: items)
        for bytes in [[], [1, 2, 3], unordered, StateNode.serialized(leaf: [])] as [[UInt8]] {
            let error = #expect(throws: RepositoryError.self) {
                if case .leaf(let refs) = try StateNode(parsing: bytes) { _ = try refs.all() }
            }
            #expect(error?.code == .badObject)
        }
        let branch = StateNode.serialized(branch: [63: checksum("a")])
        guard case .branch(let children) = try StateNode(parsing: branch) else {
            Issue.record("a branch was read as a leaf")
            return
        }
        #expect(children == [63: checksum("a")])
        #expect(throws: RepositoryError.self) {
            _ = try StateNode(parsing: StateNode.serialized(branch: [64: checksum("a")]))
        }
    }

    @Test func `A leaf whose bytes are changed anywhere gives refs or an error`() throws {
        let items = (0..<9).map {
            StateNode.Ref(name: "a/\($0)", commit: checksum("\($0)"), sequence: UInt64($0))
        }
        let bytes = StateNode.serialized(leaf: items)
        guard case .leaf(let refs) = try StateNode(parsing: bytes) else {
            Issue.record("a leaf was read as a branch")
            return
        }
        #expect(try refs.all() == items)
        #expect(try items.map { try refs.find($0.name) } == items && refs.find("a/10") == nil)
        var refused = 0
        for index in bytes.indices {
            for value: UInt8 in [0, 1, 0x7F, 0xFF] {
                var changed = bytes
                changed[index] = value
                do {
                    if case .leaf(let refs) = try StateNode(parsing: changed) {
                        _ = try (refs.find("a/5"), refs.all())
                    }
                } catch { refused += 1 }
            }
            let cut = Array(bytes[..<index])
            if case .leaf(let refs)? = try? StateNode(parsing: cut) {
                _ = (try? refs.find("a/5"), try? refs.all())
            }
        }
        #expect(refused > 0)
    }

    @Test func `A tree that leads back to itself ends with an error`() throws {
        let circle = checksum("circle")
        let children = (0..<UInt8(64)).map { ($0, circle) }
        let bytes = StateNode.serialized(branch: Dictionary(uniqueKeysWithValues: children))
        let tree = StateTree(read: { $0.map { _ in bytes } }, write: { _ in circle })
        let ref = try #require(RefName("a"))
        #expect(throws: RepositoryError.self) { _ = try tree.lookUp(ref, below: circle) }
    }
}
