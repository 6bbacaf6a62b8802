// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls

/// Runs programs of the system.
enum Shell {
    /// Runs a program and waits for it.
    ///
    /// - Returns: its output, standard error included.
    /// - Throws: `RepositoryError` if it fails.
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

    /// Runs a program and waits for it. Its output has the standard error, too.
    static func result(_ arguments: [String]) throws -> (output: String, exit: ChildProcess.Exit) {
        // Both outputs share a pipe, since two would have to be read in turn.
        let process = try ChildProcess(["/bin/sh", "-c", "exec \"$@\" 2>&1", "sh"] + arguments)
        process.closeInput()
        let output = try process.output.readAll(limit: 1 << 20)
        return (String(decoding: output, as: UTF8.self), process.wait())
    }

    /// Returns the path of a program; nil if it is not installed.
    static func path(of name: String) -> String? {
        let directories = (Environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (directories + ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]).map { "\($0)/\(name)" }
            .first { Directory.isExecutable($0) }
    }
}
