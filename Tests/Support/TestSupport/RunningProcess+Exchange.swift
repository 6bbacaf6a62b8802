// SPDX-License-Identifier: Apache-2.0
import Glibc

extension RunningProcess {
    /// Writes to its standard input.
    ///
    /// - Throws: when the program no longer reads, or leaves its pipe full for `timeout` seconds.
    public func write(_ bytes: [UInt8], timeout: Double = patience) throws {
        let deadline = Deadline(seconds: timeout)
        try input.withLock { descriptor in
            guard descriptor >= 0 else { throw TestSupportError("the input of \(arguments[0]) is closed") }
            var rest = bytes[...]
            while !rest.isEmpty {
                rest.removeFirst(try RunningProcess.writeSome(rest, to: descriptor))
                guard !rest.isEmpty else { break }
                try waitFor(descriptor, POLLOUT, until: deadline, "take its input")
            }
        }
    }

    /// Writes text to its standard input.
    public func write(_ text: String, timeout: Double = patience) throws {
        try write(Array(text.utf8), timeout: timeout)
    }

    /// Closes its standard input.
    public func closeInput() {
        input.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    /// Reads what there is, at least one byte.
    ///
    /// - Returns: nothing at the output's end.
    /// - Throws: when nothing comes for `timeout` seconds.
    public func read(atMost limit: Int = 1 << 16, timeout: Double = patience) throws -> [UInt8] {
        let kept = unread.withLock { unread in
            let kept = Array(unread.prefix(limit))
            unread.removeFirst(kept.count)
            return kept
        }
        if !kept.isEmpty { return kept }
        let deadline = Deadline(seconds: timeout)
        return try output.withLock { descriptor in
            guard descriptor >= 0 else {
                throw TestSupportError("the output of \(arguments[0]) is not captured")
            }
            var buffer = [UInt8](repeating: 0, count: limit)
            while true {
                try waitFor(descriptor, POLLIN, until: deadline, "print something")
                let count = Glibc.read(descriptor, &buffer, limit)
                if count >= 0 { return Array(buffer[..<count]) }
                guard errno == EINTR || errno == EAGAIN else {
                    throw TestSupportError.system("read from \(arguments[0])")
                }
            }
        }
    }

    /// Reads exactly so many bytes.
    ///
    /// - Throws: when the output ends before, or nothing comes for `timeout` seconds.
    public func read(exactly count: Int, timeout: Double = patience) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try read(atMost: count - bytes.count, timeout: timeout)
            guard !more.isEmpty else {
                throw TestSupportError(
                    "\(arguments[0]) ended its output after \(bytes.count) of \(count) bytes:\n\(errorText)")
            }
            bytes += more
        }
        return bytes
    }

    /// Reads a line, which comes without its end; `nil` at the output's end.
    ///
    /// - Throws: when nothing comes for `timeout` seconds. What came before is kept for the next reading.
    public func readLine(timeout: Double = patience) throws -> String? {
        var line: [UInt8] = []
        while true {
            let more: [UInt8]
            do {
                more = try read(timeout: timeout)
            } catch {
                unread.withLock { $0 = line + $0 }
                throw error
            }
            if let end = more.firstIndex(of: UInt8(ascii: "\n")) {
                line += more[..<end]
                unread.withLock { $0 = Array(more[(end + 1)...]) + $0 }
                return String(decoding: line, as: UTF8.self)
            }
            line += more
            if more.isEmpty {
                return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
            }
        }
    }

    /// Closes standard input, reads the rest of standard output and waits for the end.
    public func finish(timeout: Double = patience) throws -> ProcessResult {
        closeInput()
        return try exchange([], timeout: timeout)
    }

    /// Writes all of the input while it reads all of the output, then waits for the end.
    ///
    /// A process that the program left behind may hold the output open: one second after the program's end,
    /// what was printed until then counts.
    ///
    /// - Parameters:
    ///   - bytes: What is written first.
    ///   - isRead: True if its output is read before it has ended.
    ///   - more: Asked for what is written next, as long as it has something.
    public func exchange(
        _ bytes: [UInt8], timeout: Double = patience, isRead: Bool = true, more: () -> [UInt8]? = { nil }
    ) throws -> ProcessResult {
        let deadline = Deadline(seconds: timeout)
        var printed = unread.withLock { unread in
            defer { unread = [] }
            return unread
        }
        var rest = bytes[...]
        func goOn() {
            while rest.isEmpty, let next = more() { rest = next[...] }
            if rest.isEmpty { closeInput() }
        }
        goOn()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let outputEnd = output.withLock { $0 }
        var outputOpen = outputEnd >= 0
        var grace: Deadline?
        while (outputOpen || !rest.isEmpty) && !(grace?.hasPassed ?? false) {
            let inputEnd = input.withLock { $0 }
            var polled = [
                pollfd(
                    fd: outputOpen && (isRead || grace != nil) ? outputEnd : -1, events: Int16(POLLIN),
                    revents: 0),
                pollfd(fd: inputEnd, events: Int16(POLLOUT), revents: 0),
            ]
            poll(&polled, 2, min(50, deadline.milliseconds))
            if polled[0].revents != 0 {
                let count = Glibc.read(outputEnd, &buffer, buffer.count)
                if count > 0 { printed += buffer[..<count] }
                outputOpen = count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN))
            }
            if polled[1].revents != 0 {
                // A program that stops reading says why itself.
                if let written = try? RunningProcess.writeSome(rest, to: inputEnd) {
                    rest.removeFirst(written)
                    if rest.isEmpty { goOn() }
                } else {
                    rest = []
                    closeInput()
                }
            }
            if grace == nil && !isRunning { grace = Deadline(seconds: 1) }
            if deadline.hasPassed { break }
        }
        closeInput()
        _ = eventually(within: Double(deadline.milliseconds) / 1000) { !isRunning }
        guard let status else {
            kill()
            throw TestSupportError(
                "\(arguments.joined(separator: " ")) was killed, it still ran after \(timeout) s:\n"
                    + errorText + String(decoding: printed, as: UTF8.self))
        }
        return ProcessResult(arguments: arguments, status: status, output: printed, errorOutput: errorOutput)
    }

    private func waitFor(_ descriptor: Int32, _ event: Int32, until deadline: Deadline, _ action: String)
        throws
    {
        var polled = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        while poll(&polled, 1, deadline.milliseconds) <= 0 {
            if deadline.hasPassed {
                throw TestSupportError(
                    "\(arguments.joined(separator: " ")) does not \(action):\n\(errorText)")
            }
        }
    }

    /// Writes what goes in now: 0 where the pipe is full.
    private static func writeSome(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws -> Int {
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 { return count }
        guard errno == EAGAIN || errno == EINTR else { throw TestSupportError.system("write to a program") }
        return 0
    }
}
