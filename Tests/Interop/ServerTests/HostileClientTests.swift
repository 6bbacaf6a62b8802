// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct HostileClientTests {
    private static let host = "Host: localhost\r\n"

    @Test func `What is no request is refused, and leaves nothing behind`() throws {
        let server = try CacheServer(["--http", "--max-connections", "100"])
        let long = String(repeating: "a", count: 100_000)
        let requests = [
            "GET /\(long) HTTP/1.1\r\n\(HostileClientTests.host)\r\n",
            "GET / HTTP/1.1\r\n\(HostileClientTests.host)X: \(long)\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/9.9\r\n\(HostileClientTests.host)\r\n",
            "\(long)\r\n\r\n", "GET\r\n\r\n", "GET /config HTTP/1.1\r\nHost\r\n\r\n",
            "GET /config HTTP/1.1\r\n\(HostileClientTests.host)Content-Length: x\r\n\r\n",
            "GET /config HTTP/1.1\r\n\(HostileClientTests.host)Content-Length: 99999999999999999999999\r\n\r\n",
            "GET /config HTTP/1.1\r\n\(HostileClientTests.host)Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            "POST / HTTP/1.1\r\n\(HostileClientTests.host)Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        ]
        for request in requests {
            let client = try RawClient(port: server.port)
            client.send(request)
            let shown = String(request.prefix(60))
            // Some are not even answered; nobody is served.
            let begin = String(decoding: client.receive(), as: UTF8.self)
            let refused =
                begin.isEmpty
                || ["400", "405", "413", "414", "431", "505"].contains { begin.contains(" \($0) ") }
            #expect(refused, "\(shown.debugDescription): \(begin)")
        }
        // The one that asks is under way.
        #expect(try eventually { try server.metric("bst_artifact_http_requests_in_flight") == 1 })
        var connections: Int?
        _ = try eventually {
            connections = try server.metric("bst_artifact_http_connections")
            return connections == 1
        }
        #expect(connections == 1)
    }

    @Test func `A whole URL and the ways to write a path lead to the same file`() throws {
        let server = try CacheServer()
        for target in [
            "/config", "http://localhost/config", "http://other.example.com/config", "/%63onfig", "/config?x",
        ] {
            let client = try RawClient(port: server.port)
            #expect(
                client.status(of: "GET \(target) HTTP/1.1\r\n\(HostileClientTests.host)\r\n") == 200,
                "\(target)")
        }
        for target in [
            "*", "config", "http:///", "http://localhost/../config", "/con\u{e9}fig", "https://x/etc/passwd",
        ] {
            let client = try RawClient(port: server.port)
            let status = client.status(of: "GET \(target) HTTP/1.1\r\n\(HostileClientTests.host)\r\n")
            #expect(target == "http:///" ? status == 200 : status == 404 || status == 400, "\(target)")
        }
    }

    @Test func `Clients that dawdle keep nobody waiting`() throws {
        let server = try CacheServer { try LargeObject.add(to: $0.cache) }
        // Some say half a line, some do not take what they asked for.
        let half = try (0..<100).map { _ in
            let client = try RawClient(port: server.port)
            client.send("GET /conf")
            return client
        }
        let lazy = try (0..<100).map { _ in
            let client = try RawClient(port: server.port)
            client.send("GET \(LargeObject.path) HTTP/1.1\r\n\(HostileClientTests.host)\r\n")
            return client
        }
        let start = ContinuousClock.now
        for _ in 0..<10 { #expect(try server.get("/config").status == 200) }
        // Less than the time after which the server closes silent connections, which would free its threads.
        #expect(ContinuousClock.now - start < .seconds(25))
        #expect(try server.metric("bst_artifact_http_connections") ?? 0 >= 200)
        withExtendedLifetime((half, lazy)) {}
    }

    @Test func `Beyond the most connections nobody is let in, and those who are in go on`() throws {
        let server = try CacheServer(["--http", "--max-connections", "16"])
        let clients = try (0..<16).map { _ in try RawClient(port: server.port) }
        let request = "HEAD /config HTTP/1.1\r\n\(HostileClientTests.host)\r\n"
        // Threads share the connections, so a few of the last may be refused already.
        let served = clients.filter { $0.status(of: request) == 200 }
        #expect(served.count >= 8)
        let more = try (0..<40).map { _ in try RawClient(port: server.port) }
        #expect(served.allSatisfy { $0.status(of: request) == 200 })
        withExtendedLifetime(more) {}
    }

    @Test func `One address gets as many connections as it may, and again one when one ends`() throws {
        let server = try CacheServer(
            ["--http", "--max-connections", "100", "--max-connections-per-address", "20"])
        let request = "HEAD /config HTTP/1.1\r\n\(HostileClientTests.host)\r\n"
        var clients = try (0..<20).map { _ in try RawClient(port: server.port) }
        #expect(clients.allSatisfy { $0.status(of: request) == 200 })
        #expect(try RawClient(port: server.port).status(of: request) != 200)
        clients.removeLast()
        #expect(eventually { (try? RawClient(port: server.port).status(of: request)) == 200 })
    }

    @Test func `A stop lets downloads end, and takes no new ones`() throws {
        for signals in [1, 2] {
            let server = try CacheServer { try LargeObject.add(to: $0.cache) }
            let client = try RawClient(port: server.port)
            client.send("GET \(LargeObject.path) HTTP/1.1\r\n\(HostileClientTests.host)\r\n")
            let begin = client.receive(atMost: 1000)
            #expect(String(decoding: begin, as: UTF8.self).hasPrefix("HTTP/1.1 200"))
            server.process.terminate(SIGTERM)
            #expect(eventually { (try? RawClient(port: server.port)) == nil })
            #expect(server.process.isRunning)
            if signals == 2 {
                // Who cannot wait says it twice.
                server.process.terminate(SIGTERM)
                #expect(try server.process.wait() == .signalled(SIGTERM))
            } else {
                let rest = client.receiveAll()
                let answer = try WebAnswer(begin + rest)
                #expect(answer.body.count == LargeObject.size)
                #expect(try server.process.wait() == .exited(0))
            }
        }
    }
}
