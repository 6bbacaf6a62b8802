// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Variants

/// The refs of a leaf of the state, sorted by name and read in place from the node's bytes.
///
/// A lookup looks at a dozen of 2,000 refs, and GLib's values cost several allocations for each ref of a node.
struct StateLeaf: Sendable {
    private let bytes: [UInt8]
    private let refs: FramedArray

    var count: Int { refs.count }

    /// Takes the bytes of a node.
    init(_ bytes: [UInt8], _ refs: FramedArray) { (self.bytes, self.refs) = (bytes, refs) }

    /// Returns a ref.
    ///
    /// - Throws: `RepositoryError` with `badObject` where it is malformed.
    subscript(index: Int) -> StateNode.Ref {
        get throws(RepositoryError) {
            let ref = withBytes(of: index) { name, commit, sequence in
                String(validating: name, as: UTF8.self).flatMap { text in
                    Checksum(bytes: commit).map { StateNode.Ref(name: text, commit: $0, sequence: sequence) }
                }
            }
            guard let ref = ref ?? nil else { throw StateLeaf.malformed }
            return ref
        }
    }

    /// Finds a ref by its name.
    ///
    /// - Throws: `RepositoryError` with `badObject` where one that it looks at is malformed.
    func find(_ name: String) throws(RepositoryError) -> StateNode.Ref? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            let isBefore = withBytes(of: middle) { found, _, _ in
                found.lexicographicallyPrecedes(name.utf8)
            }
            guard let isBefore else { throw StateLeaf.malformed }
            if isBefore { low = middle + 1 } else { high = middle }
        }
        guard low < count else { return nil }
        let found = try self[low]
        return found.name.utf8.elementsEqual(name.utf8) ? found : nil
    }

    /// All refs.
    ///
    /// - Throws: `RepositoryError` with `badObject` where one is malformed, or they are not in order.
    func all() throws(RepositoryError) -> [StateNode.Ref] {
        var all: [StateNode.Ref] = []
        all.reserveCapacity(count)
        for index in 0..<count {
            let ref = try self[index]
            if let last = all.last, !last.name.precedes(ref.name) { throw StateLeaf.malformed }
            all.append(ref)
        }
        return all
    }

    private static var malformed: RepositoryError {
        .damaged("a node of the state", "a ref is malformed, or out of order")
    }

    /// Calls `body` with the parts of a `(sayt)`; nil if it is none with a checksum.
    private func withBytes<T>(
        of index: Int,
        _ body: (_ name: UnsafeRawBufferPointer, _ commit: UnsafeRawBufferPointer, _ sequence: UInt64) -> T
    ) -> T? {
        bytes.withUnsafeBytes { bytes in
            guard let range = refs.element(index, of: bytes) else { return nil }
            let element = UnsafeRawBufferPointer(rebasing: bytes[range])
            let width = FramingOffset.width(ofContainer: element.count)
            // The ends of the name and of the checksum, in reverse order.
            let content = element.count - 2 * width
            guard content > 0 else { return nil }
            let nameEnd = FramingOffset.read(element, at: content + width, width: width)
            let commitEnd = FramingOffset.read(element, at: content, width: width)
            let number = FramingOffset.aligned(commitEnd)
            guard nameEnd > 0, nameEnd <= commitEnd, number <= content, content - number == 8,
                element[nameEnd - 1] == 0
            else { return nil }
            return body(
                UnsafeRawBufferPointer(rebasing: element[..<(nameEnd - 1)]),
                UnsafeRawBufferPointer(rebasing: element[nameEnd..<commitEnd]),
                UInt64(littleEndian: element.loadUnaligned(fromByteOffset: number, as: UInt64.self)))
        }
    }
}
