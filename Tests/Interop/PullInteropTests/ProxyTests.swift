// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct ProxyTests {
    private let cache: Cache
    private let builder: Builder
    private let proxy: WebProxy
    private let server: WebServer

    init() throws {
        cache = try Cache.plain()
        builder = try Builder()
        proxy = try WebProxy()
        server = try WebServer(folder: cache.repository)
    }

    @Test(arguments: ["https_proxy", "all_proxy"])
    func `HTTPS goes through the tunnel of a proxy that the environment names`(variable: String) throws {
        let secret = "s3cret-t0ken"
        let token = try builder.directory.file("token", secret)
        try builder.pullWell(
            [cache.ref], from: server.http2URL, ["--ca", server.caFile, "--token-file", token],
            environment: [variable: proxy.url])
        try builder.expectHas(cache)
        let place = server.http2URL.dropFirst("https://".count)
        #expect(!proxy.requests.isEmpty)
        #expect(proxy.requests.allSatisfy { $0.hasPrefix("connect \(place) http/1.1") })
        #expect(!proxy.requests.contains { $0.contains(secret) || $0.contains("authorization") })
    }

    @Test func `Plain HTTP goes through a proxy that the environment names`() throws {
        try builder.pullWell([cache.ref], from: server.plainURL, environment: ["http_proxy": proxy.url])
        try builder.expectHas(cache)
        #expect(proxy.requests.contains { $0.hasPrefix("get \(server.plainURL)/config http/1.1") })
    }

    @Test(arguments: ["localhost", "*", "example.com,localhost"])
    func `A host that needs no proxy is asked without`(exception: String) throws {
        for url in [server.http2URL, server.plainURL] {
            let builder = try Builder()
            try builder.pullWell(
                [cache.ref], from: url, ["--ca", server.caFile],
                environment: [
                    "http_proxy": proxy.url, "https_proxy": proxy.url, "no_proxy": exception,
                ])
            try builder.expectHas(cache)
        }
        #expect(proxy.requests == [])
    }

    @Test func `A host that the exceptions do not name goes through the proxy`() throws {
        try builder.pullWell(
            [cache.ref], from: server.plainURL,
            environment: ["http_proxy": proxy.url, "no_proxy": "example.com"])
        #expect(!proxy.requests.isEmpty)
    }

    @Test func `A proxy that cannot be reached is an error`() throws {
        let errors = try builder.pullBadly(
            [cache.ref], from: server.http2URL, ["--ca", server.caFile],
            environment: ["https_proxy": "http://127.0.0.1:1"])
        #expect(errors.contains("cannot fetch \(server.http2URL)/config: "))
        #expect(try server.requests().isEmpty)
    }
}
