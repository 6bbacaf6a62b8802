// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A program that runs to its end.
enum Command {
    struct Failure: Error {
        var command: [String]
        var output: String
    }

    /// Runs a program of the search path and returns what it wrote to both outputs.
    ///
    /// - Throws: `Failure` where it does not succeed.
    @discardableResult
    static func run(_ command: String...) throws -> String {
        try run(command)
    }

    /// Runs a program of the search path and returns what it wrote to both outputs.
    ///
    /// - Throws: `Failure` where it does not succeed.
    @discardableResult
    static func run(_ command: [String]) throws -> String {
        // A file, not a pipe: other tests' programs would inherit the pipe and keep it open.
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "output-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: path.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: path) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let output = try FileHandle(forWritingTo: path)
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try output.close()
        let text = String(decoding: try Data(contentsOf: path), as: UTF8.self)
        guard process.terminationStatus == 0 else { throw Failure(command: command, output: text) }
        return text
    }
}
