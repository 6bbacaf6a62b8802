// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

/// A builder of a summary's bytes, from entries sorted by name, identical to what libostree writes.
///
/// GLib's builders take seconds for 100,000 refs, so this type lays out the bytes itself; tests compare them with the
/// output of `ostree summary -u`.
struct SummaryBuilder {
    /// The facts about a commit in an entry.
    struct CommitFacts {
        /// The size of the commit object, in bytes.
        var size: UInt64
        /// The commit's time, in seconds since 1970.
        var timestamp: UInt64
    }

    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    /// The number of entries so far.
    var count: Int { ends.count }

    /// Creates a builder with capacity for the expected bytes and refs.
    init(expectedSize: Int, expectedCount: Int) {
        bytes.reserveCapacity(expectedSize + 4096)
        ends.reserveCapacity(expectedCount + 64)
    }

    private mutating func align() {
        while bytes.count & 7 != 0 { bytes.append(0) }
    }

    /// Copies an entry of another summary.
    mutating func append(copying entry: UnsafeRawBufferPointer) {
        align()
        bytes.append(contentsOf: entry)
        ends.append(bytes.count)
    }

    /// Adds an entry, `(s(taya{sv}))`.
    mutating func append(name: some Collection<UInt8>, commit: Checksum, _ facts: CommitFacts) {
        align()
        let start = bytes.count
        bytes.append(contentsOf: name)
        bytes.append(0)
        let nameEnd = bytes.count - start
        align()
        // libostree writes the size in the machine's byte order, and the time in big-endian order.
        withUnsafeBytes(of: facts.size.littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: commit.bytes)
        // A dictionary of one entry: the key, the time, and after a NUL the time's type.
        bytes.append(contentsOf: Self.timestampKey)
        withUnsafeBytes(of: facts.timestamp.bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: [0, UInt8(ascii: "t")])
        // The end offsets of the key in the dictionary entry, of that entry in the dictionary, and of the checksum in
        // the tuple.
        bytes.append(contentsOf: [24, 35, 40])
        let width = FramingOffset.width(body: bytes.count - start, count: 1)
        FramingOffset.append(nameEnd, width: width, to: &bytes)
        ends.append(bytes.count)
    }

    private static let timestampKey = Array("ostree.commit.timestamp".utf8) + [0]

    /// Completes the summary and returns its bytes.
    ///
    /// - Parameter metadata: The serialised dictionary `a{sv}` that follows the entries.
    mutating func finish(metadata: [UInt8]) -> [UInt8] {
        let width = FramingOffset.width(body: bytes.count, count: ends.count)
        for end in ends { FramingOffset.append(end, width: width, to: &bytes) }
        let end = bytes.count
        align()
        bytes.append(contentsOf: metadata)
        FramingOffset.append(end, width: FramingOffset.width(body: bytes.count, count: 1), to: &bytes)
        defer { bytes = [] }
        return bytes
    }
}
