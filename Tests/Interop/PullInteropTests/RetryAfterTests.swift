// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Servers that say when they want to be asked again.
@Suite struct RetryAfterTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    private func date(in seconds: Double) -> String {
        let form = DateFormatter()
        form.locale = Locale(identifier: "en_US_POSIX")
        form.timeZone = TimeZone(identifier: "GMT")
        form.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return form.string(from: Date(timeIntervalSinceNow: seconds))
    }

    @Test(arguments: [429, 503], [false, true])
    func `A server that asks to wait is left alone for so long`(status: Int, asDate: Bool) throws {
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            // A date has no parts of a second.
            path == "/config"
                ? .firstAttempts(1, .answer(status, headers: ["Retry-After: \(asDate ? date(in: 4) : "3")"]))
                : nil
        }
        var result: ProcessResult?
        let duration = try ContinuousClock().measure {
            result = try stage.pullWell(from: server.url)
        }
        #expect(duration >= .seconds(2))
        let told = try #require(result?.errorText)
        #expect(told.contains("answers \(status) and asks to wait"), "\(told)")
        #expect(server.requestedPaths.count { $0 == "/config" } == 2)
        try stage.expectPulled()
    }

    @Test func `What was not asked for yet waits, too, and the user hears of it once`() throws {
        let path = try #require(stage.paths("commit").first)
        let server = try FaultyWebServer(directory: stage.cache) { asked, _ in
            asked.hasSuffix(".commit") || asked.hasSuffix(".commitmeta")
                ? .firstAttempts(1, .answer(429, headers: ["Retry-After: 2"])) : nil
        }
        let result = try stage.pullWell(from: server.url)
        #expect(result.errorText.components(separatedBy: "asks to wait").count == 2, "\(result.errorText)")
        #expect(server.requestedPaths.count { $0 == path } == 2)
    }

    @Test(arguments: ["3600", "999999999"])
    func `A server that asks for too long is given up at once, and the user hears for how long`(
        seconds: String
    ) throws {
        let server = try FaultyWebServer(directory: stage.cache) { _, _ in
            .answer(503, headers: ["Retry-After: \(seconds)"])
        }
        let errors = try stage.pullBadly(from: server.url)
        #expect(errors.contains("answers 503 and asks to wait "), "\(errors)")
        #expect(errors.contains("no more than 120 s are waited"))
        #expect(server.requestCount == 1)
    }

    @Test(arguments: ["0", "-1", "soon", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37 GMT"])
    func `Without a usable time, attempts are as far apart as ever`(value: String) throws {
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path == "/config" ? .firstAttempts(1, .answer(429, headers: ["Retry-After: \(value)"])) : nil
        }
        let result = try stage.pullWell(from: server.url)
        #expect(!result.errorText.contains("asks to wait"), "\(result.errorText)")
    }

    @Test func `Another mirror is not waited for`() throws {
        let path = try #require(stage.paths("commit").first)
        let busy = try FaultyWebServer(directory: stage.cache) { asked, _ in
            asked == path ? .answer(429, headers: ["Retry-After: 3600"]) : nil
        }
        let other = try FaultyWebServer(directory: stage.cache) { asked, _ in
            asked == "/config" ? .firstAttempts(1, .delay(seconds: 2)) : nil
        }
        try stage.pullWell(from: busy.url, ["--mirror", other.url])
        #expect(other.requestedPaths.contains(path))
    }

    @Test func `Ctrl-C ends the waiting`() throws {
        let server = try FaultyWebServer(directory: stage.cache) { _, _ in
            .answer(429, headers: ["Retry-After: 100"])
        }
        let process = try stage.start(stage.pulling(from: server.url))
        #expect(eventually { process.errorText.contains("asks to wait 100 s") })
        kill(process.processID, SIGINT)
        let result = try process.exchange([])
        #expect(result.status == .exited(128 + SIGINT), "\(result.errorText)")
    }

    @Test func `Who asked too often is not told to check the URL`() throws {
        let server = try FaultyWebServer(directory: stage.cache) { _, _ in .status(429) }
        let errors = try stage.pullBadly(from: server.url)
        #expect(
            errors.contains("the server answers 429, so it was asked too often: try again later"), "\(errors)"
        )
    }
}
