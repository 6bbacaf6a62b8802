// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Writes the bytes of a summary, entry after entry, sorted by name, exactly as libostree does.
///
/// GLib's builders take seconds for 100,000 refs; this is one type, so it is laid out by hand, and tests hold it to what
/// `ostree summary -u` writes.
struct SummaryBuilder {
    /// What an entry says of a commit besides its name.
    struct CommitFacts {
        /// The size of the commit object, in bytes.
        var size: UInt64
        /// When it was made, in seconds since 1970.
        var timestamp: UInt64
    }

    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    /// How many entries there are so far.
    var count: Int { ends.count }

    /// Prepares for a summary of about so many bytes and refs.
    init(expectedSize: Int, expectedCount: Int) {
        bytes.reserveCapacity(expectedSize + 4096)
        ends.reserveCapacity(expectedCount + 64)
    }

    private mutating func align() {
        while bytes.count & 7 != 0 { bytes.append(0) }
    }

    /// Adds an entry of another summary.
    mutating func append(copying entry: UnsafeRawBufferPointer) {
        align()
        bytes.append(contentsOf: entry)
        ends.append(bytes.count)
    }

    /// Adds an entry: `(s(taya{sv}))`.
    mutating func append(name: some Collection<UInt8>, commit: Checksum, _ facts: CommitFacts) {
        align()
        let start = bytes.count
        bytes.append(contentsOf: name)
        bytes.append(0)
        let nameEnd = bytes.count - start
        align()
        // The size is in the order of the machine, the time is not: so libostree has it.
        withUnsafeBytes(of: facts.size.littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: commit.bytes)
        // A dictionary of one entry: key, time, and the time's type behind a NUL.
        bytes.append(contentsOf: Self.timestampKey)
        withUnsafeBytes(of: facts.timestamp.bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: [0, UInt8(ascii: "t")])
        // Where the key ends in the dictionary's entry, that entry in the dictionary, and the checksum in its tuple.
        bytes.append(contentsOf: [24, 35, 40])
        let width = GVariantSize.width(body: bytes.count - start, count: 1)
        GVariantSize.append(nameEnd, width: width, to: &bytes)
        ends.append(bytes.count)
    }

    private static let timestampKey = Array("ostree.commit.timestamp".utf8) + [0]

    /// The whole summary.
    ///
    /// - Parameter metadata: the serialised dictionary `a{sv}` that follows the entries.
    mutating func finish(metadata: [UInt8]) -> [UInt8] {
        let width = GVariantSize.width(body: bytes.count, count: ends.count)
        for end in ends { GVariantSize.append(end, width: width, to: &bytes) }
        let end = bytes.count
        align()
        bytes.append(contentsOf: metadata)
        GVariantSize.append(end, width: GVariantSize.width(body: bytes.count, count: 1), to: &bytes)
        defer { bytes = [] }
        return bytes
    }
}
