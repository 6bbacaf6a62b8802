// SPDX-License-Identifier: Apache-2.0

/// The destination of a program's standard output or standard error.
public enum ProcessOutput: Sendable {
    /// To the test: standard output through a pipe that the test reads, and that fills when it does not;
    /// standard error into an unnamed file, so that it can never hold up the program.
    case captured
    /// To the end of this file.
    case file(String)
    /// To `/dev/null`.
    case discarded
}
