// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A failure of a test's surroundings, in a sentence.
public struct TestSupportError: Error, CustomStringConvertible, Sendable {
    /// The sentence.
    public let description: String

    /// Makes an error of a sentence.
    public init(_ description: String) {
        self.description = description
    }

    /// An error of a system call: the action that failed, and the reason.
    static func system(_ action: String, code: Int32 = errno) -> TestSupportError {
        TestSupportError("cannot \(action): \(String(cString: strerror(code)))")
    }
}
