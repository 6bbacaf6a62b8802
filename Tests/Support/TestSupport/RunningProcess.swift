// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// A program that runs while the test talks to it.
///
/// Its standard input is a pipe (see ``write(_:timeout:)``, ``closeInput()``). It gets the test's environment
/// with `LC_ALL=C.UTF-8`, no descriptors but its three, no blocked signals, and `SIGPIPE` as usual. When the
/// last reference goes and it still runs, it is killed with all that it started.
public final class RunningProcess: Sendable {
    /// The program and its arguments.
    public let arguments: [String]
    /// Its process number.
    public let processID: pid_t

    let input: Mutex<Int32>
    let output: Mutex<Int32>
    let unread = Mutex<[UInt8]>([])
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

        var spawn = ProcessSpawn()
        if let inputFile { spawn.open(inputFile, O_RDONLY, as: 0) }
        input = Mutex(try inputFile == nil ? spawn.pipeToInput() : -1)
        self.output = Mutex(try spawn.connect(output, as: 1))
        errorFile = try spawn.connect(errorOutput, as: 2)
        processID = try spawn.start(program, arguments, variables, in: directory)
    }

    deinit {
        kill()
        closeInput()
        output.withLock { if $0 >= 0 { close($0) } }
        if errorFile >= 0 { close(errorFile) }
    }

    /// Its standard error so far, if that is captured.
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

    /// Its standard error so far, as text.
    public var errorText: String {
        String(decoding: errorOutput, as: UTF8.self)
    }

    /// True until it has ended.
    public var isRunning: Bool {
        status == nil
    }

    /// Its exit status or signal; `nil` while it runs.
    public var status: ProcessResult.Status? {
        ending.withLock { ending in
            reap(&ending)
            return ending
        }
    }

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
    public func wait(timeout: Double = patience) throws -> ProcessResult.Status {
        _ = eventually(within: timeout) { !isRunning }
        guard let status else {
            throw TestSupportError(
                "\(arguments.joined(separator: " ")) still runs after \(timeout) s:\n\(errorText)")
        }
        return status
    }

    private func reap(_ ending: inout ProcessResult.Status?) {
        var status: Int32 = 0
        guard ending == nil, waitpid(processID, &status, WNOHANG) == processID else { return }
        let signal = status & 0x7f
        ending = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }

    /// A write to a program that has ended is to be an error, not the end of the tests.
    private static let ignoreBrokenPipes: Void = {
        signal(SIGPIPE, SIG_IGN)
    }()
}
