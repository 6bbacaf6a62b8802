// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// A program that runs while the test talks to it.
///
/// Its standard input is a pipe (see ``write(_:timeout:)``, ``closeInput()``). It gets the test's environment
/// with `LC_ALL=C.UTF-8`, no descriptors but its three, no blocked signals, and `SIGPIPE` as usual. When the
/// last reference goes and it still runs, it is killed with all that it started.
public final class RunningProcess: Sendable {
    /// The program and what it was told.
    public let arguments: [String]
    /// Its process number.
    public let processID: pid_t

    private let input: Mutex<Int32>
    private let output: Mutex<Int32>
    private let unread = Mutex<[UInt8]>([])
    private let errorFile: Int32
    private let ending = Mutex<ProcessResult.Status?>(nil)

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - arguments: The program, looked up in `PATH` where it has no slash, and its arguments.
    ///   - inputFile: A file to read standard input from, in place of the pipe.
    ///   - output: Where standard output goes.
    ///   - errorOutput: Where standard error goes.
    ///   - environment: Variables to set, or with `nil` to remove.
    ///   - directory: Where it runs; where the test runs, if `nil`.
    public init(
        _ arguments: [String], inputFile: String? = nil, output: ProcessOutput = .captured,
        errorOutput: ProcessOutput = .captured, environment: [String: String?] = [:], directory: String? = nil
    ) throws {
        guard let name = arguments.first else { throw TestSupportError("no program to run was named") }
        _ = RunningProcess.ignoreBrokenPipes
        self.arguments = arguments

        var variables = ProcessInfo.processInfo.environment
        variables["LC_ALL"] = "C.UTF-8"
        for (name, value) in environment {
            variables[name] = value
        }
        let program = try Programs.lookUp(name, path: variables["PATH"])

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var childEnds: [Int32] = []
        var ourEnds: [Int32] = []
        var started = false
        defer {
            for end in childEnds + (started ? [] : ourEnds) {
                close(end)
            }
        }

        var writeEnd: Int32 = -1
        if let inputFile {
            posix_spawn_file_actions_addopen(&actions, 0, inputFile, O_RDONLY, 0)
        } else {
            let pipe = try RunningProcess.makePipe()
            childEnds.append(pipe.read)
            ourEnds.append(pipe.write)
            writeEnd = pipe.write
            _ = fcntl(writeEnd, F_SETFL, O_WRONLY | O_NONBLOCK)
            posix_spawn_file_actions_adddup2(&actions, pipe.read, 0)
        }

        var readEnd: Int32 = -1
        switch output {
        case .captured:
            let pipe = try RunningProcess.makePipe()
            childEnds.append(pipe.write)
            ourEnds.append(pipe.read)
            readEnd = pipe.read
            posix_spawn_file_actions_adddup2(&actions, pipe.write, 1)
        case .file(let path):
            posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        case .discarded:
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        }

        var capturedErrors: Int32 = -1
        switch errorOutput {
        case .captured:
            capturedErrors = try RunningProcess.openUnnamedFile()
            ourEnds.append(capturedErrors)
            posix_spawn_file_actions_adddup2(&actions, capturedErrors, 2)
        case .file(let path):
            posix_spawn_file_actions_addopen(&actions, 2, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        case .discarded:
            posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        }
        _ = GNUCall.spawnClosingFrom(&actions, 3)
        if let directory {
            _ = directory.withCString { GNUCall.spawnInDirectory(&actions, $0) }
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        // Whoever started the tests in the background had them ignore some.
        for signal in [SIGPIPE, SIGINT, SIGQUIT, SIGHUP, SIGTERM] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var argumentPointers = arguments.map { strdup($0) } + [nil]
        var variablePointers = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for pointer in argumentPointers + variablePointers {
                free(pointer)
            }
        }
        var process: pid_t = 0
        let failure = posix_spawn(
            &process, program, &actions, &attributes, &argumentPointers, &variablePointers)
        guard failure == 0 else {
            throw TestSupportError.system("start \(program)", code: failure)
        }
        started = true
        processID = process
        input = Mutex(writeEnd)
        self.output = Mutex(readEnd)
        errorFile = capturedErrors
    }

    deinit {
        kill()
        closeInput()
        output.withLock { if $0 >= 0 { close($0) } }
        if errorFile >= 0 { close(errorFile) }
    }

    /// What it has written to standard error so far, if that is captured.
    public var errorOutput: [UInt8] {
        guard errorFile >= 0 else { return [] }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pread(errorFile, &buffer, buffer.count, off_t(bytes.count))
            if count <= 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// What it has written to standard error so far, as text.
    public var errorText: String {
        String(decoding: errorOutput, as: UTF8.self)
    }

    /// Whether it has not ended yet.
    public var isRunning: Bool {
        status == nil
    }

    /// How it ended, or `nil` while it runs.
    public var status: ProcessResult.Status? {
        ending.withLock { ending in
            reap(&ending)
            return ending
        }
    }

    // MARK: Standard input

    /// Writes to its standard input.
    ///
    /// - Throws: when the program no longer reads, or leaves its pipe full for `timeout` seconds.
    public func write(_ bytes: [UInt8], timeout: Double = 60) throws {
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
    public func write(_ text: String, timeout: Double = 60) throws {
        try write(Array(text.utf8), timeout: timeout)
    }

    /// Closes its standard input.
    public func closeInput() {
        input.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    // MARK: Standard output

    /// Reads what there is, at least one byte.
    ///
    /// - Returns: nothing at the output's end.
    /// - Throws: when nothing comes for `timeout` seconds.
    public func read(atMost limit: Int = 1 << 16, timeout: Double = 60) throws -> [UInt8] {
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
    public func read(exactly count: Int, timeout: Double = 60) throws -> [UInt8] {
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
    public func readLine(timeout: Double = 60) throws -> String? {
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

    /// Reads until the output's end.
    public func readToEnd(timeout: Double = 60) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let more = try read(timeout: timeout)
            if more.isEmpty { return bytes }
            bytes += more
        }
    }

    // MARK: The end

    /// Sends a signal, unless the program has ended.
    public func terminate(_ signal: Int32 = SIGTERM) {
        ending.withLock { ending in
            reap(&ending)
            if ending == nil { Glibc.kill(processID, signal) }
        }
    }

    /// Kills it and all that it started, unless it has ended, and waits until they are gone.
    public func kill() {
        ending.withLock { ending in
            reap(&ending)
            guard ending == nil else { return }
            ProcessTree.kill(from: processID)
            _ = eventually {
                reap(&ending)
                return ending != nil
            }
        }
    }

    /// Waits until it has ended.
    ///
    /// - Throws: when it still runs after `timeout` seconds. It then goes on.
    @discardableResult
    public func wait(timeout: Double = 60) throws -> ProcessResult.Status {
        _ = eventually(within: timeout) { !isRunning }
        guard let status else {
            throw TestSupportError(
                "\(arguments.joined(separator: " ")) still runs after \(timeout) s:\n\(errorText)")
        }
        return status
    }

    /// Closes standard input, reads the rest of standard output and waits for the end.
    public func finish(timeout: Double = 60) throws -> ProcessResult {
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
    ///   - isRead: Whether its output is read before it has ended.
    ///   - more: Asked for what is written next, as long as it has something.
    public func exchange(
        _ bytes: [UInt8], timeout: Double, isRead: Bool = true, more: () -> [UInt8]? = { nil }
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
        var patience: Deadline?
        while (outputOpen || !rest.isEmpty) && !(patience?.hasPassed ?? false) {
            let inputEnd = input.withLock { $0 }
            var polled = [
                pollfd(
                    fd: outputOpen && (isRead || patience != nil) ? outputEnd : -1, events: Int16(POLLIN),
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
            if patience == nil && !isRunning { patience = Deadline(seconds: 1) }
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

    private func reap(_ ending: inout ProcessResult.Status?) {
        var status: Int32 = 0
        guard ending == nil, waitpid(processID, &status, WNOHANG) == processID else { return }
        let signal = status & 0x7f
        ending = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
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

    /// A pipe that no program inherits by accident, whoever else starts one meanwhile.
    private static func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard GNUCall.pipe2(&ends, O_CLOEXEC) == 0 else { throw TestSupportError.system("make a pipe") }
        return (ends[0], ends[1])
    }

    private static func openUnnamedFile() throws -> Int32 {
        let path = "\(TemporaryDirectory.base)/bstt-\(UUID().uuidString)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TestSupportError.system("make \(path)") }
        unlink(path)
        return descriptor
    }

    /// A write to a program that has ended is to be an error, not the end of the tests.
    private static let ignoreBrokenPipes: Void = {
        signal(SIGPIPE, SIG_IGN)
    }()
}
