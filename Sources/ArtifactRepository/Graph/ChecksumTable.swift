// SPDX-License-Identifier: Apache-2.0

/// An open-addressing hash table of numbers of one or two words, of which the first is not zero, each with a value. Values of
/// no size take no memory.
///
/// It consists of 256 parts that grow separately, so that growth does not double its memory.
struct ChecksumTable<Value: BitwiseCopyable & Sendable>: Sendable {
    private struct Part {
        /// The elements, one after the other; zeros for free slots.
        var words: [UInt64] = []
        /// The value of each slot, any for a free one; empty where values have no size.
        var values: [Value] = []
        var count = 0
    }

    private static var hasValues: Bool { MemoryLayout<Value>.size > 0 }

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

    /// Returns the value of a number, which must have a size; nil if it is no element.
    func value(of element: (UInt64, UInt64)) -> Value? {
        let hash = element.0 &* factor
        let part = parts[Int(hash >> 56)]
        let (slot, isFound) = find(element, hash, in: part)
        return isFound ? part.values[slot] : nil
    }

    /// Sets the value of a number, which is added if it is no element.
    ///
    /// - Returns: true if it was no element before.
    @discardableResult
    mutating func set(_ value: Value, of element: (UInt64, UInt64)) -> Bool {
        let hash = element.0 &* factor
        let number = Int(hash >> 56)
        var (slot, isFound) = find(element, hash, in: parts[number])
        if isFound {
            if Self.hasValues { parts[number].values[slot] = value }
            return false
        }
        let capacity = parts[number].words.count / wordsPerElement
        if (parts[number].count + 1) * 4 > capacity * 3 {
            // In small steps, since most of what a step adds stays free.
            grow(number, to: max(8, capacity + capacity / 4), filling: value)
            slot = find(element, hash, in: parts[number]).slot
        }
        put(element, at: slot, of: number)
        if Self.hasValues { parts[number].values[slot] = value }
        parts[number].count += 1
        return true
    }

    /// Adds a number.
    ///
    /// - Returns: true if it was no element before.
    @discardableResult
    mutating func insert(_ element: (UInt64, UInt64)) -> Bool where Value == Void { set((), of: element) }

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
            let home = Self.home(moved.0 &* factor, capacity)
            let isBehind = free <= next ? free < home && home <= next : free < home || home <= next
            if isBehind { continue }
            put(moved, at: free, of: number)
            if Self.hasValues { parts[number].values[free] = parts[number].values[next] }
            free = next
        }
        put((0, 0), at: free, of: number)
    }

    private static func home(_ hash: UInt64, _ capacity: Int) -> Int {
        Int((hash << 8).multipliedFullWidth(by: UInt64(capacity)).high)
    }

    private func word(_ slot: Int, of part: Part) -> (UInt64, UInt64) {
        let start = slot * wordsPerElement
        return (part.words[start], wordsPerElement == 1 ? 0 : part.words[start + 1])
    }

    private mutating func put(_ element: (UInt64, UInt64), at slot: Int, of number: Int) {
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
        var slot = Self.home(hash, capacity)
        while true {
            let found = word(slot, of: part)
            if found.0 == 0 { return (slot, false) }
            if found.0 == element.0, wordsPerElement == 1 || found.1 == element.1 { return (slot, true) }
            slot = slot + 1 == capacity ? 0 : slot + 1
        }
    }

    /// Gives a part more slots, the free ones with a value that does not count.
    private mutating func grow(_ number: Int, to capacity: Int, filling value: Value) {
        let old = parts[number]
        parts[number].words = [UInt64](repeating: 0, count: capacity * wordsPerElement)
        if Self.hasValues { parts[number].values = [Value](repeating: value, count: capacity) }
        for slot in 0..<(old.words.count / wordsPerElement) {
            let element = word(slot, of: old)
            guard element.0 != 0 else { continue }
            let target = find(element, element.0 &* factor, in: parts[number]).slot
            put(element, at: target, of: number)
            if Self.hasValues { parts[number].values[target] = old.values[slot] }
        }
    }
}
