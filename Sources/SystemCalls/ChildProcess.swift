// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A program started by this one, with pipes to its standard input, output and error.
public final class ChildProcess {
    /// How a program ended.
    public enum Exit: Equatable, Sendable {
        /// It returned this status.
        case status(Int32)
        /// This signal killed it.
        case signal(Int32)
    }

    /// The path of this process's own program; nil where the system does not tell.
    public static var ownPath: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        return count > 0
            ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    private let identifier: pid_t
    private var exit: Exit?
    /// What is written here is the program's input; nil once it was closed.
    public private(set) var input: Descriptor?
    /// What the program writes to standard output.
    public let output: Descriptor
    /// What the program writes to standard error.
    public let errorOutput: Descriptor

    /// Starts a program, which is searched in PATH where its name has no slash.
    ///
    /// - Parameter mergesOutput: whether everything that it prints goes where this process's own messages go.
    /// - Throws: `SystemError`, for example where there is no such program.
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
        // The program is to meet broken pipes as programs usually do, whatever this one has set.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var blocked = sigset_t()
        sigemptyset(&blocked)
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

    /// How long a program that was told to end may take to do so, in milliseconds, before it is killed.
    private static let patienceForEnd: UInt64 = 500

    /// Closes the program's input and waits until it ended; one that takes longer, or that nobody wants any more, is told
    /// to end.
    public func wait(atMost milliseconds: UInt64, cancellation: Cancellation? = nil) -> Exit {
        closeInput()
        return hasEnded(within: milliseconds, cancellation) ? wait() : end()
    }

    /// Tells the program to end, and has it killed where it does not.
    private func end() -> Exit {
        closeInput()
        kill(identifier, SIGTERM)
        if !hasEnded(within: ChildProcess.patienceForEnd) { kill(identifier, SIGKILL) }
        return wait()
    }

    private func hasEnded(within milliseconds: UInt64, _ cancellation: Cancellation? = nil) -> Bool {
        let deadline = Clock.milliseconds + milliseconds
        var pause: useconds_t = 200
        while exit == nil {
            var status: Int32 = 0
            if waitpid(identifier, &status, WNOHANG) == identifier {
                exit = ChildProcess.exit(of: status)
            } else if Clock.milliseconds > deadline || cancellation?.isRequested == true {
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

    /// Tells the program that its input ended.
    public func closeInput() {
        input = nil
    }

    /// Closes the program's input and waits until it ended.
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
