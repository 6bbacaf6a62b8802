// SPDX-License-Identifier: Apache-2.0

/// Runs a program to its end.
///
/// - Parameters:
///   - arguments: The program, looked up in `PATH` where it has no slash, and its arguments.
///   - input: What it reads from standard input.
///   - environment: Variables to set, or with `nil` to remove. `LC_ALL` is `C.UTF-8` unless set.
///   - directory: Where it runs; where the test runs, if `nil`.
///   - timeout: Seconds after which it is killed, with all that it started.
/// - Returns: its exit status or signal, and its output.
/// - Throws: when it cannot be started, or was killed; then with what it had printed.
public func run(
    _ arguments: [String], input: ProcessInput = .none, environment: [String: String?] = [:],
    directory: String? = nil, timeout: Double = patience
) throws -> ProcessResult {
    var file: String?
    var bytes: [UInt8] = []
    switch input {
    case .none: file = "/dev/null"
    case .bytes(let given): bytes = given
    case .file(let path): file = path
    }
    let process = try RunningProcess(
        arguments, inputFile: file, environment: environment, directory: directory)
    return try process.exchange(bytes, timeout: timeout)
}
