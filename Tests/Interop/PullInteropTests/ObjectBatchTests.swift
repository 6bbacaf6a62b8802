// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Web servers that give many objects with one request, and those that only say so.
@Suite struct ObjectBatchTests {
    private let stage: Stage

    init() throws {
        stage = try .large(160)
    }

    /// Pulls from `batch_server.py`.
    ///
    /// - Returns: the lines of its requests.
    private func pull(_ stage: Stage, _ mode: String) throws -> [String] {
        let script = "\(Programs.repositoryRoot)/Interop/Peers/batch_server.py"
        let server = try RunningProcess(["/usr/bin/python3", script, stage.cache, mode])
        defer { server.terminate(SIGKILL) }
        let port = try #require(try server.readLine())
        try stage.pullWell(from: "http://127.0.0.1:\(port)")
        try stage.expectPulled()
        server.terminate(SIGKILL)
        var lines: [String] = []
        while let line = try server.readLine() { lines.append(line) }
        return lines
    }

    @Test(arguments: [OSTreeCommand.Mode.archive, .bareUser])
    func `Few requests bring everything`(mode: OSTreeCommand.Mode) throws {
        let lines = try pull(stage.another(mode), "good")
        #expect(lines.count { $0.hasPrefix("POST /objects") } > 0)
        #expect(lines.count < 20, "\(lines)")
    }

    @Test(arguments: ["refuse", "fail", "absent", "wrong", "garbage", "cut", "short", "foreign"])
    func `A server that gives them wrongly is asked for each`(mode: String) throws {
        let lines = try pull(stage.another(), mode)
        #expect(lines.contains { $0.hasPrefix("POST /objects") })
        #expect(lines.count { $0.hasPrefix("GET /objects") } > (mode == "cut" ? 50 : 150), "\(lines)")
    }

    @Test func `With mirrors, single objects are asked for`() throws {
        let server = try FaultyWebServer(directory: stage.cache)
        let script = "\(Programs.repositoryRoot)/Interop/Peers/batch_server.py"
        let batches = try RunningProcess(["/usr/bin/python3", script, stage.cache, "good"])
        defer { batches.terminate(SIGKILL) }
        let port = try #require(try batches.readLine())
        try stage.pullWell(from: "http://127.0.0.1:\(port)", ["--mirror", server.url])
        try stage.expectPulled()
    }
}
