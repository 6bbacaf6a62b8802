// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Values of up to millions of objects. It takes 8 bytes or so for a file and 16 for a commit or dirtree beside the value, and
/// half as much again for free slots.
///
/// Of checksums, 61 bits are kept, and 125 of commits and dirtrees. So a file, dirmeta or detached metadata may count as an
/// element though it is none, which is rare, and which an attacker can bring about for objects of his own. A commit or
/// dirtree, below which there may be other objects, does not.
package struct ObjectMap<Value: BitwiseCopyable & Sendable>: Sendable {
    private var leaves = ChecksumTable<Value>(wordsPerElement: 1)
    private var nodes = ChecksumTable<Value>(wordsPerElement: 2)

    /// Creates an empty map.
    package init() {}

    /// The number of elements.
    var count: Int { leaves.count + nodes.count }

    /// Returns true if an object with a key is an element.
    func contains(_ key: ObjectKey) -> Bool {
        key.isNode ? nodes.contains(key.words) : leaves.contains(key.words)
    }

    /// Returns the value of an object with a key; nil if it is no element.
    package func value(of key: ObjectKey) -> Value? {
        key.isNode ? nodes.value(of: key.words) : leaves.value(of: key.words)
    }

    /// Sets the value of an object by its key.
    ///
    /// - Returns: true if it was no element before.
    @discardableResult
    package mutating func set(_ value: Value, of key: ObjectKey) -> Bool {
        key.isNode ? nodes.set(value, of: key.words) : leaves.set(value, of: key.words)
    }

    /// Returns true if an object is an element.
    package func contains(_ name: ObjectName) -> Bool where Value == Void { contains(ObjectKey(name)) }

    /// Adds an object.
    ///
    /// - Returns: true if it was no element before.
    @discardableResult
    package mutating func insert(_ name: ObjectName) -> Bool where Value == Void { insert(ObjectKey(name)) }

    /// Adds an object by its key.
    ///
    /// - Returns: true if it was no element before.
    mutating func insert(_ key: ObjectKey) -> Bool where Value == Void { set((), of: key) }

    /// Removes an element by its key.
    package mutating func remove(_ key: ObjectKey) {
        if key.isNode { nodes.remove(key.words) } else { leaves.remove(key.words) }
    }
}

/// A set of up to millions of objects.
package typealias ObjectSet = ObjectMap<Void>
