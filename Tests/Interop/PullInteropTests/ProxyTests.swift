// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct ProxyTests {
    private let stage: Stage
    private let proxy: WebProxy
    private let server: WebServer

    init() throws {
        stage = try .plain()
        proxy = try WebProxy()
        server = try WebServer(directory: stage.cache)
    }

    @Test(arguments: ["https_proxy", "all_proxy"])
    func `HTTPS goes through the tunnel of a proxy that the environment names`(variable: String) throws {
        let secret = "s3cret-t0ken"
        let token = try stage.directory.file("token", secret)
        try stage.pullWell(
            from: server.http2URL, ["--ca", server.caFile, "--token-file", token],
            environment: [variable: proxy.url])
        try stage.expectPulled()
        let place = server.http2URL.dropFirst("https://".count)
        #expect(!proxy.requests.isEmpty)
        #expect(proxy.requests.allSatisfy { $0.hasPrefix("connect \(place) http/1.1") })
        #expect(!proxy.requests.contains { $0.contains(secret) || $0.contains("authorization") })
    }

    @Test func `Plain HTTP goes through a proxy that the environment names`() throws {
        try stage.pullWell(from: server.plainURL, environment: ["http_proxy": proxy.url])
        try stage.expectPulled()
        #expect(proxy.requests.contains { $0.hasPrefix("get \(server.plainURL)/config http/1.1") })
    }

    @Test(arguments: ["localhost", "*", "example.com,localhost"])
    func `A host that needs no proxy is asked without`(exception: String) throws {
        for url in [server.http2URL, server.plainURL] {
            let stage = try stage.another()
            try stage.pullWell(
                from: url, ["--ca", server.caFile],
                environment: [
                    "http_proxy": proxy.url, "https_proxy": proxy.url, "no_proxy": exception,
                ])
            try stage.expectPulled()
        }
        #expect(proxy.requests == [])
    }

    @Test func `A host that the exceptions do not name goes through the proxy`() throws {
        try stage.pullWell(
            from: server.plainURL,
            environment: ["http_proxy": proxy.url, "no_proxy": "example.com"])
        #expect(!proxy.requests.isEmpty)
    }

    @Test func `A proxy that cannot be reached is an error`() throws {
        let errors = try stage.pullBadly(
            from: server.http2URL, ["--ca", server.caFile],
            environment: ["https_proxy": "http://127.0.0.1:1"])
        #expect(errors.contains("cannot fetch \(server.http2URL)/refs/heads/\(stage.ref): "))
        #expect(try server.requests().isEmpty)
    }
}
