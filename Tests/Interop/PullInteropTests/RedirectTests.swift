// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct RedirectTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    /// A server that sends everything below `/old` elsewhere.
    private func movedServer(to target: String, status: String = "permanent", token: String? = nil) throws
        -> WebServer
    {
        try WebServer(
            directory: stage.cache, bearerToken: token,
            locations: "location /old/ { rewrite ^/old/(.*)$ \(target)/$1 \(status); }")
    }

    @Test(arguments: ["permanent", "redirect"])
    func `A cache that moved on its host is found`(status: String) throws {
        let server = try movedServer(to: "", status: status)
        for url in [server.http2URL, server.http1URL, server.plainURL] {
            let stage = try stage.another()
            try stage.pullWell(from: "\(url)/old", ["--ca", server.caFile])
            try stage.expectPulled()
        }
    }

    @Test func `A cache that moved on its host still gets the token`() throws {
        let server = try movedServer(to: "", token: "s3cret")
        let token = try stage.directory.file("token", "s3cret\n")
        try stage.pullWell(from: "\(server.http2URL)/old", ["--ca", server.caFile, "--token-file", token])
        try stage.expectPulled()
    }

    @Test func `A redirect from HTTPS to plain HTTP is refused`() throws {
        let target = try FaultyWebServer(directory: stage.cache)
        let server = try movedServer(to: target.url)
        let errors = try stage.pullBadly(from: "\(server.http2URL)/old", ["--ca", server.caFile])
        #expect(
            errors.contains(
                "the server redirects to \(target.url)/refs/heads/\(stage.ref), which is not encrypted"))
        #expect(target.connectionCount == 0)
    }

    @Test func `A mirror without encryption takes none from the cache itself`() throws {
        let target = try FaultyWebServer(directory: stage.cache)
        let server = try movedServer(to: target.url)
        let mirror = try FaultyWebServer(directory: stage.cache)
        let result = try stage.pullWell(
            from: "\(server.http2URL)/old", ["--ca", server.caFile, "--mirror", mirror.url])
        try stage.expectPulled()
        #expect(target.connectionCount == 0)
        #expect(result.errorText.contains("\(mirror.url) is not encrypted"))
    }

    @Test func `A redirect from plain HTTP to HTTPS is followed`() throws {
        let target = try WebServer(directory: stage.cache)
        let server = try movedServer(to: target.http2URL)
        try stage.pullWell(from: "\(server.plainURL)/old", ["--ca", target.caFile])
        try stage.expectPulled()
        #expect(try target.requests(atLeast: 5).count >= 5)
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://localhost/x", "gopher://localhost/x", "ssh://localhost/x"])
    func `A redirect to anything but the web is refused`(target: String) throws {
        let server = try FaultyWebServer(directory: stage.cache) { _, _ in .redirect(to: target) }
        let errors = try stage.pullBadly(from: server.url)
        #expect(errors.contains("the server redirects"))
        #expect(!errors.contains("root:"))
    }

    @Test func `Redirects in circles come to an end`() throws {
        let server = try WebServer(
            directory: stage.cache, locations: "location /loop/ { return 302 $request_uri; }")
        let errors = try stage.pullBadly(from: "\(server.http2URL)/loop", ["--ca", server.caFile])
        #expect(errors.contains("the server redirects in circles"))
        #expect(try server.requests(atLeast: 6).count < 20)
    }

    @Test(arguments: ["--token-file", "--header-file"])
    func `Secrets do not go to another host that the cache redirects to`(option: String) throws {
        let secret = "s3cret-t0ken"
        let target = try WebServer(
            directory: stage.cache,
            locations: "if ($http_authorization) { return 418; } if ($http_x_key) { return 418; }")
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            .redirect(to: target.plainURL + path)
        }
        let file = try stage.directory.file(
            "secret", option == "--token-file" ? secret : "X-Key: \(secret)")
        // The target refuses whoever brings one, so it gets there when it is asked directly.
        let errors = try stage.pullBadly(from: target.plainURL, [option, file])
        #expect(errors.contains("answers 418"))
        #expect(!errors.contains(secret))
        try stage.pullWell(from: server.url, [option, file])
        try stage.expectPulled()
    }

    @Test func `A redirect that names no place is refused`() throws {
        let server = try FaultyWebServer(directory: stage.cache) { _, _ in .status(302) }
        let errors = try stage.pullBadly(from: server.url)
        #expect(errors.contains("the server redirects without saying where"))
    }

    @Test func `A redirect shows nothing that could move the cursor of a terminal`() throws {
        let server = try FaultyWebServer(directory: stage.cache) { _, _ in
            .redirect(to: "gopher://host/\u{1b}[31mred")
        }
        let errors = try stage.pullBadly(from: server.url)
        #expect(!errors.contains("\u{1b}"))
    }
}
