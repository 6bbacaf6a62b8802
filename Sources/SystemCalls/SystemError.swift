// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The failure of a system call.
public struct SystemError: Error, CustomStringConvertible, Equatable, Sendable {
    /// The action that failed, for example `open objects/ab/cd.filez`.
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

    /// The system's message, for example `No such file or directory`.
    public var reason: String { String(cString: strerror(code)) }

    /// Indicates that the file or directory does not exist.
    public var isNotFound: Bool { code == ENOENT || code == ENOTDIR }

    /// Returns nil if the file or directory does not exist, and throws any other error.
    public func absence<T>() throws(SystemError) -> T? {
        guard isNotFound else { throw self }
        return nil
    }

    /// Indicates that the peer is gone.
    public var isConnectionLoss: Bool { [EPIPE, ECONNRESET, ETIMEDOUT].contains(code) }

    /// Indicates that the file system or a quota is exhausted.
    public var isOutOfSpace: Bool { [ENOSPC, EDQUOT].contains(code) }

    /// The message, one sentence.
    public var description: String { "cannot \(action): \(reason)" }
}

/// Repeats a call while signals interrupt it.
@inline(__always)
public func retryingInterrupts<T: SignedInteger>(_ call: () -> T) -> T {
    while true {
        let result = call()
        if result == -1 && errno == EINTR { continue }
        return result
    }
}
