// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct TemporaryFailureTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    private func server(_ fault: Fault, where matches: @escaping @Sendable (String) -> Bool) throws
        -> FaultyWebServer
    {
        try FaultyWebServer(directory: stage.cache) { path, _ in matches(path) ? fault : nil }
    }

    @Test(arguments: [408, 429, 500, 502, 503, 504])
    func `A failure that passes is waited for, and everything arrives`(status: Int) throws {
        let server = try server(.firstAttempts(1, .status(status))) { _ in true }
        try stage.pullWell(from: server.url)
        try stage.expectPulled()
        let path = try #require(stage.paths("commit").first)
        #expect(server.requestedPaths.count { $0 == path } == 2)
    }

    @Test func `Waiting becomes longer from attempt to attempt`() throws {
        let server = try server(.firstAttempts(3, .status(503))) { $0 == "/config" }
        let duration = try ContinuousClock().measure {
            try stage.pullWell(from: server.url)
        }
        // 250 ms, 500 ms and 1 s.
        #expect(duration >= .milliseconds(1700))
        #expect(server.requestedPaths.count { $0 == "/config" } == 4)
    }

    @Test(arguments: [500, 503])
    func `A failure that does not pass is given up and named`(status: Int) throws {
        let path = try #require(stage.paths("filez").first)
        let server = try server(.status(status)) { $0 == path }
        let errors = try stage.pullBadly(from: server.url)
        #expect(errors.contains("cannot fetch \(server.url)\(path): the server answers \(status)"))
        #expect((2...10).contains(server.requestedPaths.count { $0 == path }))
        try OSTreeCommand.fsck(stage.mine)
        try stage.pullWell(from: stage.cache)
        try stage.expectPulled()
    }

    @Test(arguments: [(400, "answers 400"), (401, "other credentials"), (403, "other credentials")])
    func `A failure that cannot pass is not tried again`(status: Int, told: String) throws {
        let server = try server(.status(status)) { $0 == "/config" }
        let errors = try stage.pullBadly(from: server.url)
        #expect(errors.contains("cannot fetch \(server.url)/config: the server answers \(status)"))
        #expect(errors.contains(told))
        #expect(server.requestedPaths.count { $0 == "/config" } == 1)
    }

    @Test func `A server that takes its time is waited for`() throws {
        let slow = try Set(stage.paths("dirtree").prefix(1) + ["/config"])
        let server = try server(.firstAttempts(1, .delay(seconds: 1))) { slow.contains($0) }
        try stage.pullWell(from: server.url)
        try stage.expectPulled()
    }

    @Test(arguments: ["filez", "dirtree", "commit"])
    func `A body that ends early is fetched again`(type: String) throws {
        let path = try #require(stage.paths(type).first)
        let server = try server(.firstAttempts(1, .closeAfter(bytes: 20))) { $0 == path }
        try stage.pullWell(from: server.url)
        try stage.expectPulled()
        #expect(server.requestedPaths.count { $0 == path } == 2)
    }

    @Test(arguments: ["filez", "dirtree"])
    func `A body that always ends early is given up, and nothing becomes visible`(type: String) throws {
        let path = try #require(stage.paths(type).first)
        let server = try server(.closeAfter(bytes: 20)) { $0 == path }
        let errors = try stage.pullBadly(from: server.url)
        #expect(errors.contains("cannot fetch \(server.url)\(path): "))
        #expect(try !stage.verified.contains(path))
        try stage.pullWell(from: stage.cache)
        try stage.expectPulled()
    }
}
