// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Refs with their commits, in the order in which they were added. The names stand in one buffer, so that the refs of a
/// large cache take half the memory that they take as an array.
public struct RefList: RandomAccessCollection, Sendable {
    private var names: [UInt8] = []
    /// The ends of the names in their buffer.
    private var ends: [Int] = []
    private var commits: [Checksum] = []

    /// Creates an empty list.
    public init() {}

    /// Adds a ref.
    public mutating func append(_ ref: RefName, _ commit: Checksum) {
        names.append(contentsOf: ref.text.utf8)
        ends.append(names.count)
        commits.append(commit)
    }

    /// Returns the same refs, sorted by the bytes of their names.
    package func sorted() -> RefList {
        func name(_ index: Int) -> ArraySlice<UInt8> {
            names[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
        }
        let order = indices.sorted { name($0).lexicographicallyPrecedes(name($1)) }
        var sorted = RefList()
        sorted.names.reserveCapacity(names.count)
        for index in order {
            sorted.names.append(contentsOf: name(index))
            sorted.ends.append(sorted.names.count)
            sorted.commits.append(commits[index])
        }
        return sorted
    }

    /// The index of the first ref.
    public var startIndex: Int { 0 }

    /// The number of refs.
    public var endIndex: Int { ends.count }

    /// A ref and its commit.
    public subscript(index: Int) -> (ref: RefName, commit: Checksum) {
        let start = index == 0 ? 0 : ends[index - 1]
        let name = String(decoding: names[start..<ends[index]], as: UTF8.self)
        return (RefName(unchecked: name), commits[index])
    }
}
