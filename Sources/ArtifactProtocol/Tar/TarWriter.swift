// SPDX-License-Identifier: Apache-2.0

/// A writer of all of a tar stream but the members' contents.
struct TarWriter: Sendable {
    private var position: UInt64 = 0

    /// Returns the bytes before a member's content.
    ///
    /// Python's tarfile, which existing receivers use, stops at the first of the two zero blocks. Where that is the
    /// last block of a record, it leaves the second one and the padding unread, which the receiver then takes for a
    /// frame. So a last member that would end there is moved by an empty pax header.
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

    /// Returns the padding after a member's content of `size` bytes.
    func trailer(size: UInt64) -> [UInt8] {
        [UInt8](repeating: 0, count: Int(TarReader.padding(after: size)))
    }

    /// Returns the end of the stream: two zero blocks, and padding to a multiple of 10,240 bytes.
    func end() -> [UInt8] {
        let record = UInt64(TarHeader.recordSize)
        let ends = position + 2 * UInt64(TarHeader.blockSize)
        return [UInt8](repeating: 0, count: Int((ends + record - 1) / record * record - position))
    }
}
