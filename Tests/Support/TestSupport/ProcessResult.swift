// SPDX-License-Identifier: Apache-2.0

/// The exit status and the output of a program.
public struct ProcessResult: Sendable {
    /// The end of a program.
    public enum Status: Sendable, Equatable, CustomStringConvertible {
        /// By itself, with this status.
        case exited(Int32)
        /// By a signal.
        case signalled(Int32)

        /// The ending in words.
        public var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .signalled(let signal): "signal \(signal)"
            }
        }
    }

    /// The program and its arguments.
    public let arguments: [String]
    /// The exit status or signal.
    public let status: Status
    /// Its standard output.
    public let output: [UInt8]
    /// Its standard error.
    public let errorOutput: [UInt8]

    /// True if it exited with status 0.
    public var succeeded: Bool {
        status == .exited(0)
    }

    /// True if it exited with one of the statuses that `bst-artifact` has for failures.
    public var failed: Bool {
        [1, 2, 3, 4, 5, 6, 64].contains { status == .exited($0) }
    }

    /// Standard output as text, as it came.
    public var text: String {
        String(decoding: output, as: UTF8.self)
    }

    /// Standard error as text, as it came.
    public var errorText: String {
        String(decoding: errorOutput, as: UTF8.self)
    }

    /// The lines of standard output, without an empty one after the last line's end.
    public var lines: [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" {
            lines.removeLast()
        }
        return lines
    }

    /// The result itself.
    ///
    /// - Throws: an error with everything that was printed, unless the program exited with status 0.
    @discardableResult
    public func checked() throws -> ProcessResult {
        guard succeeded else {
            throw TestSupportError(
                "\(arguments.joined(separator: " ")) ended with \(status):\n\(errorText)\(text)")
        }
        return self
    }
}
