// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// User and password of a netrc file, which are used on request.
@Suite struct NetrcTests {
    private let stage: Stage
    private let netrc: String
    /// The `Authorization` header for user `me` and password `s3cret`.
    private static let own = "Basic bWU6czNjcmV0"

    init() throws {
        stage = try .plain()
        netrc = try stage.directory.file(
            "home/.netrc",
            "machine elsewhere login x password y\nmachine 127.0.0.1 login me password s3cret\n")
    }

    @Test func `It is not read unless that is asked for`() throws {
        let server = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(from: server.url)
        #expect(server.authorizations.allSatisfy { $0 == nil })
    }

    @Test func `Each way to ask for it sends what it has for the host`() throws {
        let other = try stage.directory.file("other", "machine 127.0.0.1 login me password s3cret\n")
        let none = try stage.directory.file("none", "")
        let ways: [([String], [String: String?])] = [
            (["--netrc"], [:]), (["--netrc-file", other], ["HOME": "/nowhere"]),
            ([], ["BST_ARTIFACT_NETRC": other]),
            (["--netrc"], ["BST_ARTIFACT_NETRC": none]),
        ]
        for (options, environment) in ways {
            let server = try FaultyWebServer(directory: stage.cache)
            try stage.pullWell(from: server.url, options, environment: environment)
            #expect(
                server.authorizations.allSatisfy { $0 == Self.own }, "\(options): \(server.authorizations)")
            #expect(!server.authorizations.isEmpty)
        }
        let server = try FaultyWebServer(directory: stage.cache)
        _ = try stage.list(["--netrc"], from: server.url)
        #expect(server.authorizations.allSatisfy { $0 == Self.own } && !server.authorizations.isEmpty)
    }

    @Test func `It is sent to the remote alone, not where that redirects to, and not to a mirror`() throws {
        // The same host, so that its name alone would be no obstacle.
        let target = try FaultyWebServer(directory: stage.cache)
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasSuffix(".commit") || path.hasSuffix(".filez") ? .redirect(to: target.url + path) : nil
        }
        try stage.pullWell(from: server.url, ["--netrc"])
        #expect(!target.authorizations.isEmpty && target.authorizations.allSatisfy { $0 == nil })
        #expect(server.authorizations.allSatisfy { $0 == Self.own })
        let mirror = try FaultyWebServer(directory: stage.cache)
        let failing = try FaultyWebServer(directory: stage.cache) { path, _ in
            path == "/config" ? nil : .status(404)
        }
        let second = try stage.another()
        try second.directory.file("home/.netrc", String(contentsOfFile: netrc, encoding: .utf8))
        try second.pullWell([stage.ref], from: failing.url, ["--netrc", "--mirror", mirror.url])
        #expect(!mirror.authorizations.isEmpty && mirror.authorizations.allSatisfy { $0 == nil })
    }

    @Test func `What is in the URL, or in a file for the remote, comes first`() throws {
        let server = try FaultyWebServer(directory: stage.cache)
        let url = server.url.replacing("http://", with: "http://you:other@")
        try stage.pullWell(from: url, ["--netrc"])
        #expect(server.authorizations.allSatisfy { $0 == "Basic eW91Om90aGVy" }, "\(server.authorizations)")
        let token = try stage.directory.file("token", "t0ken")
        let second = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(from: second.url, ["--netrc", "--token-file", token])
        #expect(second.authorizations.allSatisfy { $0 == "Bearer t0ken" }, "\(second.authorizations)")
    }

    @Test func `A host that it does not have gets nothing`() throws {
        try stage.directory.file("home/.netrc", "machine elsewhere login x password y\n")
        let server = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(from: server.url, ["--netrc"])
        #expect(server.authorizations.allSatisfy { $0 == nil })
    }

    @Test func `A file that is not there is named, and what it holds is never shown`() throws {
        let errors = try stage.pullBadly(from: stage.cache, ["--netrc-file", "/no/netrc"])
        #expect(errors.contains("cannot open /no/netrc"), "\(errors)")
        let directory = try stage.pullBadly(from: stage.cache, ["--netrc-file", "/"])
        #expect(directory.contains("/ is a directory"), "\(directory)")
        let server = try FaultyWebServer(directory: stage.cache) { _, _ in .status(401) }
        let refused = try stage.pull(from: server.url, ["--netrc", "--verbose"])
        #expect(refused.status == .exited(5) && !(refused.errorText + refused.text).contains("s3cret"))
    }
}
