// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// An open file descriptor, closed when the last reference to it goes.
public final class Descriptor: Sendable {
    /// The number of the descriptor.
    public let number: Int32
    private let isOwned: Bool

    /// The file's name in messages; nil for pipes and the like.
    private let path: String?

    /// Takes over a descriptor. With `owned: false`, for standard input and the like, it is never closed.
    public init(_ number: Int32, owned: Bool = true, path: String? = nil) {
        self.number = number
        self.isOwned = owned
        self.path = path
    }

    deinit {
        if isOwned { Glibc.close(number) }
    }

    /// Describes the failure of an action by the current `errno`.
    private func failure(_ action: String, code: Int32 = errno) -> SystemError {
        SystemError(path.map { "\(action) \($0)" } ?? action, code: code)
    }

    /// The process's standard input.
    public static let standardInput = Descriptor(0, owned: false)
    /// The process's standard output.
    public static let standardOutput = Descriptor(1, owned: false)
    /// The process's standard error.
    public static let standardError = Descriptor(2, owned: false)

    /// Reads up to the buffer's size; 0 at the end of the input.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        let count = retryingInterrupts { Glibc.read(number, buffer.baseAddress, buffer.count) }
        guard count >= 0 else { throw failure("read") }
        return count
    }

    /// Waits for input or its end.
    ///
    /// - Parameter timeout: the time to wait at most; nil for no limit.
    /// - Returns: false after a timeout.
    /// - Throws: `SystemError`, with `ECANCELED` if `cancellation` is requested.
    public func waitForInput(
        timeout: Duration? = nil, cancellation: Cancellation? = nil
    ) throws(SystemError) -> Bool {
        try wait(for: POLLIN, timeout, cancellation, "wait for input")
    }

    /// Waits, as `waitForInput` does, until something can be written or the reader is gone.
    public func waitForSpace(
        timeout: Duration? = nil, cancellation: Cancellation? = nil
    ) throws(SystemError) -> Bool {
        try wait(for: POLLOUT, timeout, cancellation, "wait to write")
    }

    private func wait(
        for event: Int32, _ timeout: Duration?, _ cancellation: Cancellation?, _ action: String
    ) throws(SystemError) -> Bool {
        let milliseconds =
            timeout.map { ($0 / .milliseconds(1)).rounded(.up) }
            .map { Int32(max(0, min($0, Double(Int32.max)))) } ?? -1
        // poll ignores negative descriptors.
        var entries = (
            pollfd(fd: number, events: Int16(event), revents: 0),
            pollfd(fd: cancellation?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
        )
        let count = withUnsafeMutableBytes(of: &entries) { raw in
            retryingInterrupts {
                poll(raw.assumingMemoryBound(to: pollfd.self).baseAddress, 2, milliseconds)
            }
        }
        guard count >= 0 else { throw SystemError(action) }
        if entries.1.revents != 0 { throw SystemError(action, code: ECANCELED) }
        return count > 0
    }

    /// Reads up to the buffer's size from `offset`; 0 at the end of the file.
    public func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(SystemError) -> Int {
        let count = retryingInterrupts {
            Glibc.pread(number, buffer.baseAddress, buffer.count, off_t(offset))
        }
        guard count >= 0 else { throw failure("read") }
        return count
    }

    /// Reads from `offset` until the buffer is full or the file ends.
    ///
    /// - Returns: The number of bytes read.
    public func fill(
        _ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(SystemError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = try read(into: rest, at: offset + UInt64(filled))
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Reads the rest of a small file.
    ///
    /// - Throws: `SystemError` with `EFBIG` if there are more than `limit` bytes.
    public func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        // One byte more than the size, so that the end is found without growing the array.
        var result = [UInt8](repeating: 0, count: min(limit, Int((try? status().st_size) ?? 0)) + 1)
        var filled = 0
        while true {
            let count = try result.withUnsafeMutableBufferPointer { buffer throws(SystemError) in
                try read(
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...]))
            }
            filled += count
            if count == 0 {
                result.removeLast(result.count - filled)
                return result
            }
            if filled > limit {
                throw failure("read more than \(limit) bytes\(path == nil ? "" : " of")", code: EFBIG)
            }
            if filled == result.count {
                result.append(contentsOf: repeatElement(0, count: min(filled + 4096, limit + 1 - filled)))
            }
        }
    }

    /// Writes all of the bytes, also to a descriptor that does not block.
    ///
    /// - Throws: `SystemError`, with `ETIMEDOUT` if nothing could be written within `timeout`, and with `ECANCELED` if
    ///   `cancellation` is requested.
    public func writeAll(
        _ bytes: UnsafeRawBufferPointer, timeout: Duration? = nil, cancellation: Cancellation? = nil
    ) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = changing(.write(number)) { Glibc.write(number, rest.baseAddress, rest.count) }
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EAGAIN {
                throw failure("write")
            } else if try !waitForSpace(timeout: timeout, cancellation: cancellation) {
                throw SystemError("write", code: ETIMEDOUT)
            }
        }
    }

    /// Writes all of the bytes at `offset`, and leaves the position for other writes alone.
    public func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = changing(.write(number)) {
                pwrite(number, rest.baseAddress, rest.count, off_t(offset) + off_t(written))
            }
            guard count >= 0 else { throw failure("write") }
            written += count
        }
    }

    /// Writes all of the bytes.
    public func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        try bytes.span.bytes.withUnsafeBytes { raw throws(SystemError) in try writeAll(raw) }
    }

    /// Lets writes that would wait fail with `EAGAIN` instead.
    public func setNonBlocking() throws(SystemError) {
        let flags = fcntl(number, F_GETFL)
        guard flags >= 0, fcntl(number, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw SystemError("change a descriptor")
        }
    }

    /// Returns the result of `fstat`.
    public func status() throws(SystemError) -> stat {
        var result = stat()
        guard clinux_fstat(number, &result) == 0 else { throw failure("fstat") }
        return result
    }

    /// Makes the written content durable.
    public func sync() throws(SystemError) {
        guard changing(.sync(number), { fsync(number) }) == 0 else { throw failure("fsync") }
    }

    /// Starts writing a part of the file to disk, so that a later `sync` has less to do.
    public func beginWritingBack(from start: Int64, count: Int64) {
        _ = clinux_begin_writing_back(number, start, count)
    }

    /// Makes everything durable that was written to the file system of this file.
    public func syncFileSystem() throws(SystemError) {
        guard changing(.syncFileSystem(number), { clinux_syncfs(number) }) == 0 else {
            throw failure("syncfs")
        }
    }

    /// Sets the permission bits.
    public func setMode(_ mode: mode_t) throws(SystemError) {
        guard changing(.setMetadata(number), { fchmod(number, mode) }) == 0 else {
            throw failure("chmod")
        }
    }

    /// Changes the group of the file.
    public func setGroup(_ group: gid_t) throws(SystemError) {
        guard changing(.setMetadata(number), { fchown(number, .max, group) }) == 0 else {
            throw failure("chgrp")
        }
    }

    /// Sets the owner, which takes set-user-ID bits and capabilities from a file.
    public func setOwner(_ user: uid_t, _ group: gid_t) throws(SystemError) {
        guard changing(.setMetadata(number), { fchown(number, user, group) }) == 0 else {
            throw failure("chown")
        }
    }

    /// Indicates a terminal.
    public var isTerminal: Bool { isatty(number) == 1 }

    /// Returns the value of an extended attribute; nil if there is none.
    public func attribute(_ name: String) throws(SystemError) -> [UInt8]? {
        // Most values are short; the kernel allows 64 KiB.
        for size in [256, 65_536] {
            var value = [UInt8](repeating: 0, count: size)
            let count = fgetxattr(number, name, &value, size)
            if count >= 0 { return Array(value[..<count]) }
            if errno == ENODATA || errno == EOPNOTSUPP { return nil }
            guard errno == ERANGE else { break }
        }
        throw SystemError("read attribute \(name)")
    }

    /// Sets an extended attribute.
    public func setAttribute(_ name: String, to value: [UInt8]) throws(SystemError) {
        let result = changing(.setMetadata(number)) { fsetxattr(number, name, value, value.count, 0) }
        guard result == 0 else { throw SystemError("set attribute \(name)") }
    }

    /// Sets an extended attribute.
    ///
    /// - Parameter name: Its name, with a final NUL.
    public func setAttribute(rawName name: [UInt8], to value: [UInt8]) throws(SystemError) {
        let result = changing(.setMetadata(number)) {
            name.withUnsafeBytes {
                fsetxattr(
                    number, $0.baseAddress?.assumingMemoryBound(to: CChar.self), value, value.count, 0)
            }
        }
        guard result == 0 else {
            throw failure("set attribute \(String(decoding: name.dropLast(), as: UTF8.self)) of")
        }
    }

    /// Truncates a file, and seeks to its end.
    public func truncate(to size: UInt64 = 0) throws(SystemError) {
        guard ftruncate(number, off_t(size)) == 0, lseek(number, off_t(size), SEEK_SET) >= 0 else {
            throw failure("truncate")
        }
    }
}
