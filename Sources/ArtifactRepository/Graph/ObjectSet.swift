// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A set of up to millions of objects that takes 8 bytes or so for a file and 16 for a commit or dirtree, and half as
/// much again for free slots.
///
/// Of checksums, 61 bits are kept, and 125 of commits and dirtrees. So a file, dirmeta or detached metadata may count as an
/// element though it is none, which is rare, and which an attacker can bring about for objects of his own. A commit or
/// dirtree, below which there may be other objects, does not.
struct ObjectSet: Sendable {
    private var leaves = ChecksumTable(wordsPerElement: 1)
    private var nodes = ChecksumTable(wordsPerElement: 2)

    /// The number of elements.
    var count: Int { leaves.count + nodes.count }

    /// Returns true if an object is an element.
    func contains(_ name: ObjectName) -> Bool { contains(Key(name)) }

    /// Returns true if an object with a key is an element.
    func contains(_ key: Key) -> Bool {
        key.isNode ? nodes.contains(key.words) : leaves.contains(key.words)
    }

    /// Adds an object.
    ///
    /// - Returns: true if it was no element before.
    @discardableResult
    mutating func insert(_ name: ObjectName) -> Bool {
        insert(Key(name))
    }

    /// Adds an object by its key.
    ///
    /// - Returns: true if it was no element before.
    mutating func insert(_ key: Key) -> Bool {
        key.isNode ? nodes.insert(key.words) : leaves.insert(key.words)
    }

    /// Removes an element by its key.
    mutating func remove(_ key: Key) {
        if key.isNode { nodes.remove(key.words) } else { leaves.remove(key.words) }
    }

    /// The part of an object's name that is kept.
    struct Key {
        let words: (UInt64, UInt64)

        init(_ name: ObjectName) {
            let (first, second) = name.checksum.leadingWords
            // Commits and their detached metadata have the same checksum. No key is zero.
            words = (first & ~7 | Key.number(of: name.type), second)
        }

        fileprivate var isNode: Bool { words.0 & 7 <= 2 }

        private static func number(of type: ObjectType) -> UInt64 {
            switch type {
            case .commit: 1
            case .dirtree: 2
            case .dirmeta: 3
            case .commitmeta: 4
            case .file: 5
            }
        }
    }
}

/// An open-addressing hash table of numbers of one or two words, of which the first is not zero.
///
/// It consists of 256 parts that grow separately, so that growth does not double its memory.
struct ChecksumTable: Sendable {
    private struct Part {
        /// The elements, one after the other; zeros for free slots.
        var words: [UInt64] = []
        var count = 0
    }

    private let wordsPerElement: Int
    private var parts = [Part](repeating: Part(), count: 256)
    /// An odd factor unknown to others, so that nobody can choose numbers that collide.
    private let factor = UInt64.random(in: .min ... .max) | 1

    init(wordsPerElement: Int) {
        self.wordsPerElement = wordsPerElement
    }

    /// The number of elements.
    var count: Int { parts.reduce(0) { $0 + $1.count } }

    /// Returns true if a number is an element. Only as many words count as elements have.
    func contains(_ element: (UInt64, UInt64)) -> Bool {
        let hash = element.0 &* factor
        return find(element, hash, in: parts[Int(hash >> 56)]).isFound
    }

    /// Adds a number.
    ///
    /// - Returns: true if it was no element before.
    @discardableResult
    mutating func insert(_ element: (UInt64, UInt64)) -> Bool {
        let hash = element.0 &* factor
        let number = Int(hash >> 56)
        var (slot, isFound) = find(element, hash, in: parts[number])
        if isFound { return false }
        let capacity = parts[number].words.count / wordsPerElement
        if (parts[number].count + 1) * 4 > capacity * 3 {
            grow(number, to: max(8, capacity + capacity / 2))
            slot = find(element, hash, in: parts[number]).slot
        }
        set(element, at: slot, of: number)
        parts[number].count += 1
        return true
    }

    /// Removes a number.
    mutating func remove(_ element: (UInt64, UInt64)) {
        let hash = element.0 &* factor
        let number = Int(hash >> 56)
        let (slot, isFound) = find(element, hash, in: parts[number])
        guard isFound else { return }
        parts[number].count -= 1
        var free = slot
        var next = slot
        let capacity = parts[number].words.count / wordsPerElement
        // Moves back what a search would no longer find behind a free slot.
        while true {
            next = next + 1 == capacity ? 0 : next + 1
            let moved = word(next, of: parts[number])
            if moved.0 == 0 { break }
            let home = ChecksumTable.home(moved.0 &* factor, capacity)
            let isBehind = free <= next ? free < home && home <= next : free < home || home <= next
            if isBehind { continue }
            set(moved, at: free, of: number)
            free = next
        }
        set((0, 0), at: free, of: number)
    }

    private static func home(_ hash: UInt64, _ capacity: Int) -> Int {
        Int((hash << 8).multipliedFullWidth(by: UInt64(capacity)).high)
    }

    private func word(_ slot: Int, of part: Part) -> (UInt64, UInt64) {
        let start = slot * wordsPerElement
        return (part.words[start], wordsPerElement == 1 ? 0 : part.words[start + 1])
    }

    private mutating func set(_ element: (UInt64, UInt64), at slot: Int, of number: Int) {
        let start = slot * wordsPerElement
        parts[number].words[start] = element.0
        if wordsPerElement == 2 { parts[number].words[start + 1] = element.1 }
    }

    /// Returns the slot of an element, or the free one that it belongs into.
    private func find(_ element: (UInt64, UInt64), _ hash: UInt64, in part: Part) -> (
        slot: Int, isFound: Bool
    ) {
        let capacity = part.words.count / wordsPerElement
        guard capacity > 0 else { return (0, false) }
        var slot = ChecksumTable.home(hash, capacity)
        while true {
            let found = word(slot, of: part)
            if found.0 == 0 { return (slot, false) }
            if found.0 == element.0, wordsPerElement == 1 || found.1 == element.1 { return (slot, true) }
            slot = slot + 1 == capacity ? 0 : slot + 1
        }
    }

    private mutating func grow(_ number: Int, to capacity: Int) {
        let old = parts[number]
        parts[number].words = [UInt64](repeating: 0, count: capacity * wordsPerElement)
        for slot in 0..<(old.words.count / wordsPerElement) {
            let element = word(slot, of: old)
            guard element.0 != 0 else { continue }
            set(element, at: find(element, element.0 &* factor, in: parts[number]).slot, of: number)
        }
    }
}
