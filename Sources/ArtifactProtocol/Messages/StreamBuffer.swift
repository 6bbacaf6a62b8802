// SPDX-License-Identifier: Apache-2.0

/// Bytes between a descriptor and a state machine: written at one end, consumed at the other, never more
/// than its capacity.
///
/// The state machines of this module read from it without copying; their callers fill it.
public final class StreamBuffer {
    private var storage: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0

    /// The smallest capacity that every message fits into.
    public static let minimumCapacity = FrameHeader.byteCount + FrameHeader.maximumBodySize

    /// Creates an empty buffer of `capacity` bytes.
    public init(capacity: Int = 256 * 1024) {
        storage = .allocate(byteCount: max(capacity, StreamBuffer.minimumCapacity), alignment: 64)
    }

    deinit {
        storage.deallocate()
    }

    /// Grows the capacity to `count` bytes; the waiting bytes stay.
    func reserve(_ count: Int) {
        guard count > storage.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
        larger.copyMemory(from: readable)
        storage.deallocate()
        (storage, end, start) = (larger, end - start, 0)
    }

    /// The waiting bytes; valid until the buffer is filled again.
    public var readable: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: storage[start..<end])
    }

    /// Consumes the first `count` waiting bytes, whose memory is valid until the buffer is filled again.
    public func consume(_ count: Int) {
        precondition(count >= 0 && count <= end - start)
        start += count
    }

    /// Consumes the first waiting bytes, at most `limit`, whose memory is valid until the buffer is filled again; nil if none
    /// waits.
    func take(atMost limit: UInt64) -> UnsafeRawBufferPointer? {
        guard start < end else { return nil }
        let bytes = UnsafeRawBufferPointer(rebasing: readable.prefix(Int(min(limit, UInt64(end - start)))))
        consume(bytes.count)
        return bytes
    }

    /// Lets `body` write into the free space and return the number of bytes written, which this returns too. There is
    /// always free space unless a whole message was left unread.
    public func fill<E: Error>(_ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int) throws(E) -> Int {
        if start == end {
            start = 0
            end = 0
        } else if start > 0 && storage.count - end < storage.count / 2 {
            storage.copyMemory(from: readable)
            end -= start
            start = 0
        }
        let count = try body(UnsafeMutableRawBufferPointer(rebasing: storage[end...]))
        end += count
        return count
    }

    /// Appends as many of the bytes as there is space for.
    ///
    /// - Returns: the number of bytes appended.
    public func append(_ bytes: some Collection<UInt8>) -> Int {
        fill { space in
            let fitting = bytes.prefix(space.count)
            space.copyBytes(from: fitting)
            return fitting.count
        }
    }
}
