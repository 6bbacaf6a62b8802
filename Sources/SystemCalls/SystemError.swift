// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A system call that failed.
public struct SystemError: Error, CustomStringConvertible, Equatable, Sendable {
    /// What was being done, for example `open objects/ab/cd.filez`.
    public let action: String
    /// The `errno` of the failure.
    public let code: Int32

    /// Describes the failure of `action` by a given `errno`.
    public init(_ action: String, code: Int32) {
        self.action = action
        self.code = code
    }

    /// Describes the failure of `action` by the current `errno`.
    public init(_ action: String) {
        self.init(action, code: errno)
    }

    /// The system's words for the error, for example `No such file or directory`.
    public var reason: String { String(cString: strerror(code)) }

    /// True where the thing acted on does not exist. No other error says so.
    public var isNotFound: Bool { code == ENOENT || code == ENOTDIR }

    /// Returns nil where the thing acted on does not exist; any other error is thrown.
    public func absence<T>() throws(SystemError) -> T? {
        guard isNotFound else { throw self }
        return nil
    }

    /// Whether a peer went away.
    public var isConnectionLoss: Bool { [EPIPE, ECONNRESET, ETIMEDOUT].contains(code) }

    /// Whether the file system, or somebody's share of it, is full.
    public var isOutOfSpace: Bool { [ENOSPC, EDQUOT].contains(code) }

    /// One sentence for people.
    public var description: String { "cannot \(action): \(reason)" }
}

/// Runs a call again as long as a signal interrupts it.
@inline(__always)
public func retryingInterrupts<T: SignedInteger>(_ call: () -> T) -> T {
    while true {
        let result = call()
        if result == -1 && errno == EINTR { continue }
        return result
    }
}
