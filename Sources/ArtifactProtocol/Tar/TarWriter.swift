// SPDX-License-Identifier: Apache-2.0

/// Writes everything of a tar stream but the members' contents.
struct TarWriter: Sendable {
    private var position: UInt64 = 0

    /// What precedes a member's content.
    ///
    /// Python's tarfile, which existing receivers read with, stops at the first of the two zero blocks. Where that is
    /// the last block of a record, it leaves the second one and the padding unread, and they are taken for a frame.
    /// So the last member must not end there: one that would is moved by a pax header that says nothing.
    mutating func header(name: String, size: UInt64, isLast: Bool) -> [UInt8] {
        let block = UInt64(TarHeader.blockSize)
        let record = UInt64(TarHeader.recordSize)
        let end = position + block + size + TarReader.padding(after: size)
        let header = TarHeader.block(name: name, size: size)
        guard isLast, end % record == record - block else {
            position = end
            return header
        }
        position = end + 2 * block
        return TarWriter.emptyPaxHeader + header
    }

    /// A pax header whose only record is a comment.
    private static var emptyPaxHeader: [UInt8] {
        let records = Array("13 comment=-\n".utf8)
        let padding = Int(TarReader.padding(after: UInt64(records.count)))
        return TarHeader.block(name: "././@PaxHeader", size: UInt64(records.count), flag: UInt8(ascii: "x"))
            + records
            + [UInt8](repeating: 0, count: padding)
    }

    /// What follows a member's content of `size` bytes.
    func trailer(size: UInt64) -> [UInt8] {
        [UInt8](repeating: 0, count: Int(TarReader.padding(after: size)))
    }

    /// What ends the stream: two zero blocks, and padding to a multiple of 10,240 bytes.
    func end() -> [UInt8] {
        let record = UInt64(TarHeader.recordSize)
        let ends = position + 2 * UInt64(TarHeader.blockSize)
        return [UInt8](repeating: 0, count: Int((ends + record - 1) / record * record - position))
    }
}
