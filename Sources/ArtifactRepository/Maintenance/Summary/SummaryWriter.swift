// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import Variants

/// A writer of a summary, from entries sorted by name, with the bytes that libostree writes.
///
/// GLib's builders take seconds for 100,000 refs, so this type lays out the bytes itself; tests compare them with the
/// output of `ostree summary -u`. They go into the file as they come, since a large cache has tens of MiB of them.
package struct SummaryWriter {
    /// The facts about a commit in an entry.
    package struct CommitFacts {
        /// The size of the commit object, in bytes.
        package var size: UInt64
        /// The commit's time, in seconds since 1970.
        package var timestamp: UInt64

        /// Describes a commit.
        package init(size: UInt64, timestamp: UInt64) { (self.size, self.timestamp) = (size, timestamp) }
    }

    private let file: Descriptor
    /// The bytes that are not written yet.
    private var bytes: [UInt8] = []
    /// The number of bytes written, a multiple of 8.
    private var written = 0
    private var ends: [Int] = []

    /// The number of bytes from which on they are written.
    private static let limit = 256 * 1024

    /// The number of entries so far.
    package var count: Int { ends.count }

    /// The number of bytes so far.
    package var size: Int { written + bytes.count }

    /// Begins a summary in a file, in place of what it has.
    ///
    /// - Parameter expectedCount: the number of refs to prepare for.
    package init(_ file: Descriptor, expectedCount: Int) throws {
        self.file = file
        try file.truncate()
        ends.reserveCapacity(expectedCount + 64)
    }

    private mutating func align() {
        while bytes.count & 7 != 0 { bytes.append(0) }
    }

    /// Begins an entry.
    private mutating func beginEntry() throws {
        align()
        if bytes.count >= SummaryWriter.limit { try flush() }
    }

    private mutating func flush() throws {
        try file.writeAll(bytes)
        written += bytes.count
        bytes.removeAll(keepingCapacity: true)
    }

    /// Copies an entry of another summary.
    package mutating func append(copying entry: UnsafeRawBufferPointer) throws {
        try beginEntry()
        bytes.append(contentsOf: entry)
        ends.append(size)
    }

    /// Adds an entry, `(s(taya{sv}))`.
    package mutating func append(name: some Collection<UInt8>, commit: Checksum, _ facts: CommitFacts) throws
    {
        try beginEntry()
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
        ends.append(size)
    }

    private static let timestampKey = Array("ostree.commit.timestamp".utf8) + [0]

    /// Completes the summary in its file.
    ///
    /// - Parameter metadata: The serialised dictionary `a{sv}` that follows the entries.
    package mutating func finish(metadata: [UInt8]) throws {
        let width = FramingOffset.width(body: size, count: ends.count)
        for end in ends { FramingOffset.append(end, width: width, to: &bytes) }
        let end = size
        align()
        bytes.append(contentsOf: metadata)
        FramingOffset.append(end, width: FramingOffset.width(body: size, count: 1), to: &bytes)
        try flush()
    }
}
