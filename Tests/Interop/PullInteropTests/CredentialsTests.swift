// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct CredentialsTests {
    private static let secret = "s3cret-t0ken"

    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    @Test func `A token from a file opens a cache that wants one`() throws {
        let secret = CredentialsTests.secret
        let server = try WebServer(directory: stage.cache, bearerToken: secret)
        let trust = ["--ca", server.caFile]
        let errors = try stage.pullBadly(from: server.http2URL, trust)
        #expect(errors.contains("the server answers 401"))
        #expect(errors.contains("--token-file"))

        let wrong = try stage.directory.file("wrong", "\(secret)-not\n")
        let refused = try stage.pullBadly(from: server.http2URL, trust + ["-v", "--token-file", wrong])
        #expect(refused.contains("the server answers 401"))
        #expect(!refused.contains(secret))

        for (number, text) in [secret, "\(secret)\n", "\(secret)\r\n"].enumerated() {
            let stage = try stage.another()
            let file = try stage.directory.file("token\(number)", text)
            let result = try stage.pullWell(from: server.http2URL, trust + ["-v", "--token-file", file])
            #expect(!result.text.contains(secret) && !result.errorText.contains(secret))
            try stage.expectPulled()
        }
    }

    @Test func `A header from a file opens a cache that wants one, for listings too`() throws {
        try OSTreeCommand.lines(stage.cache, ["summary", "-u"])
        let secret = CredentialsTests.secret
        let server = try WebServer(
            directory: stage.cache, locations: "if ($http_x_key != \"\(secret)\") { return 403; }")
        let trust = ["--ca", server.caFile]
        let errors = try stage.pullBadly(from: server.http1URL, trust)
        #expect(errors.contains("the server answers 403"))
        #expect(errors.contains("--header-file"))
        let file = try stage.directory.file("header", "X-Key: \(secret)\n")
        try stage.pullWell(from: server.http1URL, trust + ["--header-file", file])
        try stage.expectPulled()
        let listing = try stage.list(["--header-file", file] + trust, from: server.http2URL).checked()
        #expect(listing.lines == [stage.ref])
    }

    @Test(arguments: [
        "", "\n", "first s3cret-t0ken\nsecond s3cret-t0ken\n", "s3cret-t0ken\u{7f}\n", "a\u{1}s3cret-t0ken",
    ])
    func `A file that does not hold exactly one line is no secret, and is not shown`(text: String) throws {
        let server = try FaultyWebServer(directory: stage.cache)
        let file = try stage.directory.file("secret", text)
        for option in ["--token-file", "--header-file"] {
            let errors = try stage.pullBadly(from: server.url, [option, file])
            #expect(errors.contains("\(file) must hold one line"))
            #expect(!errors.contains("s3cret"))
        }
        #expect(server.requestCount == 0)
    }

    @Test(arguments: ["s3cret-t0ken", ": s3cret-t0ken", "X Key: s3cret-t0ken"])
    func `A line that is no header is refused, and is not shown`(text: String) throws {
        let server = try FaultyWebServer(directory: stage.cache)
        let file = try stage.directory.file("secret", text)
        let errors = try stage.pullBadly(from: server.url, ["--header-file", file])
        #expect(errors.contains("\(file) holds no header: write one line 'Name: value' into it"))
        #expect(!errors.contains("s3cret"))
        #expect(server.requestCount == 0)
    }

    @Test func `A secret's file that cannot be read is named`() throws {
        let server = try FaultyWebServer(directory: stage.cache)
        for file in ["/no/such/secret", stage.directory.path] {
            for option in ["--token-file", "--header-file"] {
                let errors = try stage.pullBadly(from: server.url, [option, file])
                #expect(errors.contains(file))
            }
        }
        #expect(server.requestCount == 0)
    }

    @Test func `A password in the URL is used, and never shown`() throws {
        let password = CredentialsTests.secret
        let basic = Data("user:\(password)".utf8).base64EncodedString()
        let server = try WebServer(
            directory: stage.cache,
            locations: "if ($http_authorization != \"Basic \(basic)\") { return 401; }")
        let url = server.http2URL.replacingOccurrences(of: "://", with: "://user:\(password)@")
        let result = try stage.pullWell(from: url, ["-v", "--ca", server.caFile])
        #expect(result.lines.last?.hasSuffix("from \(server.http2URL)") == true)
        try stage.expectPulled()
        let trust = ["--ca", server.caFile]
        for (ref, options, environment) in [
            (stage.ref, [], [:]), ("no/such/ref", trust, [:]),
            (stage.ref, trust, ["https_proxy": "http://user:\(password)@localhost:1"]),
        ] as [(String, [String], [String: String?])] {
            let errors = try stage.another().pullBadly(
                [ref], from: url, ["-v"] + options, environment: environment)
            #expect(!errors.contains(password), "\(errors)")
        }
    }
}
