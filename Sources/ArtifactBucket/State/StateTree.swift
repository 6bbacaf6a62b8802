// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// All refs as of an entry of the log, in nodes that never change: an edit makes new nodes from its ref's leaf up to the root.
///
/// So a root leads to the refs of one moment, and a lookup reads as many nodes as the tree is high: three for eight million refs.
package struct StateTree {
    /// Reads nodes by their digests, at the same time.
    let read: ([Checksum]) throws -> [[UInt8]]
    /// Writes a node, perhaps later, and returns its digest.
    let write: ([UInt8]) throws -> Checksum

    /// The greatest height, beyond which leaves grow. So damaged nodes never lead in a circle.
    private static let maximumLevel = 10
    /// The number of nodes that are read at the same time.
    private static let batchSize = 16

    /// Describes a tree by functions for its nodes.
    package init(
        read: @escaping ([Checksum]) throws -> [[UInt8]], write: @escaping ([UInt8]) throws -> Checksum
    ) {
        (self.read, self.write) = (read, write)
    }

    private func node(_ digest: Checksum, level: Int) throws -> StateNode {
        let bytes = try read([digest])
        return try StateTree.node(bytes[0], level: level)
    }

    private static func node(_ bytes: [UInt8], level: Int) throws -> StateNode {
        let node = try StateNode(parsing: bytes)
        if case .branch = node, level >= maximumLevel {
            throw RepositoryError.damaged("the state", "it is higher than \(maximumLevel) nodes")
        }
        return node
    }

    // MARK: Reading

    /// Returns the commit of a ref, and the number of the entry that has edited it last; nil where there is none.
    package func lookUp(_ ref: RefName, below root: Checksum?) throws -> (commit: Checksum, sequence: UInt64)?
    {
        var next = root
        var level = 0
        while let digest = next {
            switch try node(digest, level: level) {
            case .leaf(let refs): return try refs.find(ref.text).map { ($0.commit, $0.sequence) }
            case .branch(let children):
                next = children[StateNode.place(of: ref.text, level: level)]
                level += 1
            }
        }
        return nil
    }

    /// Visits all refs, in no order.
    package func forEach(
        below root: Checksum?, _ visit: (RefName, _ commit: Checksum, _ sequence: UInt64) throws -> Void
    ) throws {
        if let root { try forEach([root], level: 0, { _ in true }, visit) }
    }

    /// Visits the nodes below a root, and the root.
    ///
    /// - Parameter visit: returns false to pass over what is below a node.
    package func forEachNode(below root: Checksum?, _ visit: (Checksum) throws -> Bool) throws {
        if let root { try forEach([root], level: 0, visit) { _, _, _ in } }
    }

    private func forEach(
        _ digests: [Checksum], level: Int, _ visitNode: (Checksum) throws -> Bool,
        _ visit: (RefName, Checksum, UInt64) throws -> Void
    ) throws {
        for start in stride(from: 0, to: digests.count, by: StateTree.batchSize) {
            let batch = try digests[start...].prefix(StateTree.batchSize).filter(visitNode)
            for bytes in try read(batch) {
                switch try StateTree.node(bytes, level: level) {
                case .branch(let children):
                    let sorted = children.sorted { $0.key < $1.key }.map(\.value)
                    try forEach(sorted, level: level + 1, visitNode, visit)
                case .leaf(let refs):
                    for item in try refs.all() {
                        guard let ref = RefName(item.name) else {
                            throw RepositoryError.damaged(
                                "a node of the state", "it has something else than the name of a ref")
                        }
                        try visit(ref, item.commit, item.sequence)
                    }
                }
            }
        }
    }

    // MARK: Writing

    /// Makes the state behind edits.
    ///
    /// - Parameter edits: the edits in order; the last one of a ref counts.
    /// - Returns: its root; nil if it is empty.
    package func applying(_ edits: some Sequence<LoggedEdit>, to root: Checksum?) throws -> Checksum? {
        let last = Dictionary(edits.map { ($0.ref, $0) }) { $1 }
        guard !last.isEmpty else { return root }
        let changes = last.values.map { edit in
            Change(
                name: edit.ref.text,
                ref: edit.new.map {
                    StateNode.Ref(name: edit.ref.text, commit: $0, sequence: edit.sequence)
                })
        }.sorted { $0.name.precedes($1.name) }
        guard let root else { return try make(changes.compactMap(\.ref), level: 0) }
        return try replace(read([root])[0], by: changes, level: 0)
    }

    private struct Change {
        let name: String
        /// The ref; nil where it was removed.
        let ref: StateNode.Ref?
    }

    /// Writes the node that takes the place of one.
    private func replace(_ bytes: [UInt8], by changes: [Change], level: Int) throws -> Checksum? {
        switch try StateTree.node(bytes, level: level) {
        case .leaf(let refs): return try make(StateTree.merged(refs.all(), changes), level: level)
        case .branch(var children):
            let groups = Dictionary(grouping: changes) { StateNode.place(of: $0.name, level: level) }
            for start in stride(from: 0, to: groups.count, by: StateTree.batchSize) {
                let batch = Array(groups.sorted { $0.key < $1.key }[start...].prefix(StateTree.batchSize))
                let present = batch.filter { children[$0.key] != nil }
                let nodes = try read(present.compactMap { children[$0.key] })
                for (group, bytes) in zip(present, nodes) {
                    children[group.key] = try replace(bytes, by: group.value, level: level + 1)
                }
                let places = Set(present.map(\.key))
                for group in batch where !places.contains(group.key) {
                    children[group.key] = try make(group.value.compactMap(\.ref), level: level + 1)
                }
            }
            return children.isEmpty ? nil : try write(StateNode.serialized(branch: children))
        }
    }

    private static func merged(_ refs: [StateNode.Ref], _ changes: [Change]) -> [StateNode.Ref] {
        var result: [StateNode.Ref] = []
        result.reserveCapacity(refs.count + changes.count)
        var rest = refs[...]
        for change in changes {
            let before = rest.prefix { $0.name.precedes(change.name) }
            result += before
            rest = rest[before.endIndex...]
            if let name = rest.first?.name, name.utf8.elementsEqual(change.name.utf8) {
                rest = rest.dropFirst()
            }
            if let ref = change.ref { result.append(ref) }
        }
        return result + rest
    }

    /// Writes sorted refs as one leaf, or as a branch of leaves.
    private func make(_ refs: [StateNode.Ref], level: Int) throws -> Checksum? {
        guard !refs.isEmpty else { return nil }
        guard refs.count > StateNode.leafLimit, level < StateTree.maximumLevel else {
            return try write(StateNode.serialized(leaf: refs))
        }
        let groups = Dictionary(grouping: refs) { StateNode.place(of: $0.name, level: level) }
        return try write(
            StateNode.serialized(branch: groups.compactMapValues { try make($0, level: level + 1) }))
    }
}
