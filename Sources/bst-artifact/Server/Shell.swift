// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls

/// Programs of the system that setting up a server needs.
enum Shell {
    /// Runs one and waits for it.
    ///
    /// - Returns: what it printed, on both of its outputs.
    /// - Throws: `RepositoryError` where it failed.
    @discardableResult
    static func run(_ arguments: [String]) throws -> String {
        let (output, exit) = try result(arguments)
        guard exit == .status(0) else {
            let said =
                output.split(whereSeparator: \.isNewline).last.map {
                    ": \(String($0).forDisplay(limit: 400))"
                } ?? ""
            throw RepositoryError(.library, "'\(arguments.joined(separator: " "))' failed\(said)")
        }
        return output
    }

    /// Runs one, waits for it, and tells how it ended.
    static func result(_ arguments: [String]) throws -> (output: String, exit: ChildProcess.Exit) {
        // One pipe for both outputs, so that neither waits for the other to be read.
        let process = try ChildProcess(["/bin/sh", "-c", "exec \"$@\" 2>&1", "sh"] + arguments)
        process.closeInput()
        let output = try process.output.readAll(limit: 1 << 20)
        return (String(decoding: output, as: UTF8.self), process.wait())
    }

    /// Whether one is installed.
    static func path(of name: String) -> String? {
        let folders = Environment.all["PATH", default: ""].split(separator: ":").map(String.init)
        return (folders + ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]).map { "\($0)/\(name)" }
            .first { Directory.isExecutable($0) }
    }
}
