// SPDX-License-Identifier: Apache-2.0

/// A server that runs until the test stops it, with a watchdog that stops it should the tests crash.
final class ServerProcess: Sendable {
    let process: RunningProcess
    private let watchdog: RunningProcess

    /// Starts a server whose output is appended to a log file, and waits until it is ready.
    ///
    /// - Returns: `nil` when it ended because another process has its port.
    static func start(
        _ arguments: [String], log: String, ready: (RunningProcess) -> Bool
    ) throws -> ServerProcess? {
        let process = try RunningProcess(
            arguments, inputFile: "/dev/null", output: .file(log), errorOutput: .file(log))
        let server = try ServerProcess(process)
        guard eventually({ !process.isRunning || ready(process) }), process.isRunning else {
            server.stop()
            let printed = (try? text(ofFile: log)) ?? ""
            if printed.contains("ddress already in use") { return nil }
            throw TestSupportError("\(arguments.joined(separator: " ")) did not start:\n\(printed)")
        }
        return server
    }

    private init(_ process: RunningProcess) throws {
        self.process = process
        // Its input ends without a line when the tests do.
        watchdog = try RunningProcess(
            ["sh", "-c", "read line || kill \(process.processID)"], output: .discarded,
            errorOutput: .discarded)
    }

    deinit {
        stop()
    }

    /// Kills the server with all it started, and waits until they are gone.
    func stop() {
        try? watchdog.write("stopped\n")
        watchdog.closeInput()
        _ = try? watchdog.wait()
        process.kill()
    }
}
