// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A child process with pipes to its standard input, output and error.
public final class ChildProcess {
    /// The end of a process.
    public enum Exit: Equatable, Sendable {
        /// It exited with this status.
        case status(Int32)
        /// It was killed by this signal.
        case signal(Int32)
    }

    /// The path of this process's executable; nil if the system does not tell it.
    public static var ownPath: String? {
        (try? Directory("/proc/self").linkTarget("exe")).map { String(decoding: $0, as: UTF8.self) }
    }

    private let identifier: pid_t
    private var exit: Exit?
    /// The pipe to the standard input; nil once it is closed.
    public private(set) var input: Descriptor?
    /// The pipe from the standard output.
    public let output: Descriptor
    /// The pipe from the standard error.
    public let errorOutput: Descriptor

    /// Starts a program, searching in PATH if its name has no slash.
    ///
    /// - Parameter mergesOutput: true to connect both of its outputs to this process's standard error.
    /// - Throws: `SystemError`, for example if there is no such program.
    public init(_ arguments: [String], mergesOutput: Bool = false) throws(SystemError) {
        let program = arguments.first ?? ""
        let (childInput, input) = try ChildProcess.pipe()
        let (output, childOutput) = try ChildProcess.pipe()
        let (errorOutput, childErrorOutput) = try ChildProcess.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let ends = [
            childInput.number, mergesOutput ? 2 : childOutput.number,
            mergesOutput ? 2 : childErrorOutput.number,
        ]
        for (number, end) in ends.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, end, Int32(number))
        }
        // The child gets the default handling of broken pipes, whatever this process has set.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = Signals.set(SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var blocked = Signals.set()
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        var vector: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { vector.forEach { free($0) } }
        var identifier = pid_t()
        let code = posix_spawnp(&identifier, program, &actions, &attributes, &vector, environ)
        guard code == 0 else { throw SystemError("start \(program)", code: code) }
        self.identifier = identifier
        self.input = input
        self.output = output
        self.errorOutput = errorOutput
    }

    deinit {
        if exit == nil { _ = end() }
    }

    /// The time between SIGTERM and SIGKILL.
    private static let terminationTimeout = Duration.milliseconds(500)

    /// Closes the input and waits for the end. Terminates the process after a timeout or on request.
    public func wait(atMost timeout: Duration, cancellation: Cancellation? = nil) -> Exit {
        closeInput()
        return hasEnded(within: timeout, cancellation) ? wait() : end()
    }

    /// Sends SIGTERM, and SIGKILL if the process does not end.
    private func end() -> Exit {
        closeInput()
        kill(identifier, SIGTERM)
        if !hasEnded(within: ChildProcess.terminationTimeout) { kill(identifier, SIGKILL) }
        return wait()
    }

    private func hasEnded(within timeout: Duration, _ cancellation: Cancellation? = nil) -> Bool {
        let deadline = ContinuousClock.now + timeout
        var pause: useconds_t = 200
        while exit == nil {
            var status: Int32 = 0
            if waitpid(identifier, &status, WNOHANG) == identifier {
                exit = ChildProcess.exit(of: status)
            } else if ContinuousClock.now > deadline || cancellation?.isRequested == true {
                return false
            } else {
                usleep(pause)
                pause = min(pause * 2, 20_000)
            }
        }
        return true
    }

    private static func exit(of status: Int32) -> Exit {
        let signal = status & 0x7f
        return signal == 0 ? .status((status >> 8) & 0xff) : .signal(signal)
    }

    static func pipe() throws(SystemError) -> (reading: Descriptor, writing: Descriptor) {
        var ends: [Int32] = [0, 0]
        guard clinux_pipe(&ends) == 0 else { throw SystemError("make a pipe") }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    /// Closes the pipe to the standard input.
    public func closeInput() {
        input = nil
    }

    /// Closes the input and waits for the end.
    public func wait() -> Exit {
        if let exit { return exit }
        closeInput()
        var status: Int32 = 0
        _ = retryingInterrupts { waitpid(identifier, &status, 0) }
        let result = ChildProcess.exit(of: status)
        exit = result
        return result
    }
}
