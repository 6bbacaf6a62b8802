// SPDX-License-Identifier: Apache-2.0

/// The application of a patch in the format of bsdiff, uncompressed and without a header, as in static deltas.
///
/// A patch is a sequence of blocks: three numbers, then as many bytes as the first says to be added to those of the old
/// file, then as many as the second says to be copied; the third moves the position in the old file. The numbers have
/// eight bytes, little-endian, with the sign in the highest bit.
enum BinaryPatch {
    private static let bufferSize = 64 * 1024

    /// Applies a patch.
    ///
    /// - Parameters:
    ///   - source: the old file.
    ///   - size: the size of the new file in bytes.
    ///   - write: receives the new file, piece by piece.
    /// - Throws: `DeltaError` for a patch that ends too early or makes more than `size` bytes; errors of `write`.
    static func apply(
        _ patch: UnsafeRawBufferPointer, to source: DeltaSource, size: UInt64,
        _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * bufferSize, alignment: 64)
        defer { buffer.deallocate() }
        var rest = patch
        var remaining = size
        var position: Int64 = 0
        while remaining > 0 {
            guard rest.count >= 24 else { throw DeltaError("a patch in it ends too early") }
            let (added, copied, skipped) = (number(rest, 0), number(rest, 8), number(rest, 16))
            rest = UnsafeRawBufferPointer(rebasing: rest[24...])
            guard added >= 0, copied >= 0, UInt64(added) <= remaining,
                UInt64(copied) <= remaining - UInt64(added)
            else { throw DeltaError("a patch in it makes more than its object has") }
            guard added <= rest.count, copied <= rest.count - Int(added) else {
                throw DeltaError("a patch in it ends too early")
            }
            remaining -= UInt64(added) + UInt64(copied)
            try add(
                UnsafeRawBufferPointer(rebasing: rest[..<Int(added)]), to: source, at: position, buffer, write
            )
            rest = UnsafeRawBufferPointer(rebasing: rest[Int(added)...])
            if copied > 0 { try write(UnsafeRawBufferPointer(rebasing: rest[..<Int(copied)])) }
            rest = UnsafeRawBufferPointer(rebasing: rest[Int(copied)...])
            let (moved, overflow) = position.addingReportingOverflow(added)
            let (next, overflowAgain) = moved.addingReportingOverflow(skipped)
            guard !overflow, !overflowAgain else {
                throw DeltaError("a patch in it reads far outside of its source")
            }
            position = next
        }
    }

    /// Writes the sums of differences and the old file's bytes, which count as 0 outside of the file.
    private static func add(
        _ differences: UnsafeRawBufferPointer, to source: DeltaSource, at start: Int64,
        _ buffer: UnsafeMutableRawBufferPointer, _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let (old, sums) = (buffer[..<bufferSize], buffer[bufferSize...])
        var done = 0
        while done < differences.count {
            let count = min(bufferSize, differences.count - done)
            let piece = UnsafeMutableRawBufferPointer(rebasing: old[..<count])
            let result = UnsafeMutableRawBufferPointer(rebasing: sums[bufferSize..<bufferSize + count])
            let (position, overflow) = start.addingReportingOverflow(Int64(done))
            guard !overflow else { throw DeltaError("a patch in it reads far outside of its source") }
            try source.read(into: piece, at: position)
            for index in 0..<count { result[index] = differences[done + index] &+ piece[index] }
            try write(UnsafeRawBufferPointer(result))
            done += count
        }
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int64 {
        let value = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let magnitude = Int64(value & ~(1 << 63))
        return value >> 63 == 0 ? magnitude : -magnitude
    }
}
