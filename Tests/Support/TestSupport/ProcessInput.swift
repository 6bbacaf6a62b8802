// SPDX-License-Identifier: Apache-2.0

/// The standard input of a program.
public enum ProcessInput: Sendable {
    /// Nothing: `/dev/null`.
    case none
    /// These bytes, through a pipe that is then closed.
    case bytes([UInt8])
    /// A file, opened for reading.
    case file(String)

    /// Text, through a pipe that is then closed.
    public static func text(_ text: String) -> ProcessInput {
        .bytes(Array(text.utf8))
    }
}
