// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct FaultyWebServerTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        for name in ["good", "status", "redirect", "short", "corrupt", "replaced", "slow", "later"] {
            try directory.file(name, "0123456789")
        }
    }

    private func curl(_ arguments: String...) throws -> ProcessResult {
        try run(["curl", "-s", "--noproxy", "*"] + arguments)
    }

    @Test func `Each fault is made where it is asked for`() throws {
        let server = try FaultyWebServer(directory: directory.path) { path, _ in
            switch path {
            case "/status": .status(503)
            case "/redirect": .redirect(to: "/good")
            case "/short": .closeAfter(bytes: 4)
            case "/corrupt": .corrupt(offset: 2)
            case "/replaced": .replaceBody(Array("other".utf8))
            case "/slow": .delay(seconds: 0.2)
            case "/later": .firstAttempts(1, .status(500))
            default: nil
            }
        }
        #expect(try curl("\(server.url)/good").text == "0123456789")
        #expect(try curl("-f", "\(server.url)/status").status == .exited(22))
        #expect(try curl("-L", "\(server.url)/redirect").text == "0123456789")
        let short = try curl("\(server.url)/short")
        #expect(short.text == "0123")
        #expect(short.status == .exited(18))
        #expect(try curl("\(server.url)/corrupt").output == [0x30, 0x31, 0xcd] + Array("3456789".utf8))
        #expect(try curl("\(server.url)/replaced").text == "other")
        let start = ContinuousClock.now
        #expect(try curl("\(server.url)/slow").text == "0123456789")
        #expect(.now - start >= .milliseconds(200))
        #expect(try curl("-f", "\(server.url)/later").status == .exited(22))
        #expect(try curl("-f", "\(server.url)/later").text == "0123456789")
        #expect(server.requestCount == 10)
        #expect(server.requestedPaths.prefix(2) == ["/good", "/status"])
    }

    @Test func `Ranges are served and connections stay open`() throws {
        let server = try FaultyWebServer(directory: directory.path)
        let urls = ["\(server.url)/good", "\(server.url)/good"]
        #expect(try curl("-r", "3-5", urls[0], urls[1]).text == "345345")
        #expect(server.connectionCount == 1)
        #expect(try curl("-r", "-2", "-w", "%{http_code}", urls[0]).text == "89206")
        #expect(try curl("-r", "7-", urls[0]).text == "789")
        #expect(try curl("-o", "/dev/null", "-r", "10-", "-w", "%{http_code}", urls[0]).text == "416")
        #expect(try curl("-I", urls[0]).text.contains("Content-Length: 10"))
        #expect(try curl("-o", "/dev/null", "-w", "%{http_code}", "\(server.url)/none").text == "404")
    }

    @Test func `A dead server takes no more connections`() throws {
        let server = try FaultyWebServer(directory: directory.path) { _, number in
            number == 2 ? .dieForever : nil
        }
        #expect(try curl("\(server.url)/good").succeeded)
        #expect(try curl("\(server.url)/good").status == .exited(52))
        server.stop()
        #expect(try curl("\(server.url)/good").status == .exited(7))
    }
}
