// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// User and password of a netrc file, for those who ask for it.
@Suite struct NetrcTests {
    private let cache: Cache
    private let builder: Builder
    private let netrc: String
    /// What a server gets for user `me` and password `s3cret`.
    private static let own = "Basic bWU6czNjcmV0"

    init() throws {
        cache = try Cache.plain()
        builder = try Builder()
        netrc = try builder.directory.file(
            "home/.netrc",
            "machine elsewhere login x password y\nmachine 127.0.0.1 login me password s3cret\n")
    }

    @Test func `It is not read unless that is asked for`() throws {
        let server = try FaultyWebServer(folder: cache.repository)
        try builder.pullWell([cache.ref], from: server.url)
        #expect(server.authorizations.allSatisfy { $0 == nil })
    }

    @Test func `Each way to ask for it sends what it has for the host`() throws {
        let other = try builder.directory.file("other", "machine 127.0.0.1 login me password s3cret\n")
        let none = try builder.directory.file("none", "")
        let ways: [([String], [String: String?])] = [
            (["--netrc"], [:]), (["--netrc-file", other], ["HOME": "/nowhere"]),
            ([], ["BST_ARTIFACT_NETRC": other]),
            (["--netrc"], ["BST_ARTIFACT_NETRC": none]),
        ]
        for (options, environment) in ways {
            let server = try FaultyWebServer(folder: cache.repository)
            try builder.pullWell([cache.ref], from: server.url, options, environment: environment)
            #expect(
                server.authorizations.allSatisfy { $0 == Self.own }, "\(options): \(server.authorizations)")
            #expect(!server.authorizations.isEmpty)
        }
        let server = try FaultyWebServer(folder: cache.repository)
        _ = try run(
            [Programs.artifact(), "list", "--remote", server.url, "--netrc"], environment: builder.environment
        )
        #expect(server.authorizations.allSatisfy { $0 == Self.own } && !server.authorizations.isEmpty)
    }

    @Test func `It is sent to the remote alone, not where that redirects to, and not to a mirror`() throws {
        // The same host, so that its name alone would be no obstacle.
        let target = try FaultyWebServer(folder: cache.repository)
        let server = try FaultyWebServer(folder: cache.repository) { path, _ in
            path.hasSuffix(".commit") || path.hasSuffix(".filez") ? .redirect(to: target.url + path) : nil
        }
        try builder.pullWell([cache.ref], from: server.url, ["--netrc"])
        #expect(!target.authorizations.isEmpty && target.authorizations.allSatisfy { $0 == nil })
        #expect(server.authorizations.allSatisfy { $0 == Self.own })
        let mirror = try FaultyWebServer(folder: cache.repository)
        let failing = try FaultyWebServer(folder: cache.repository) { path, _ in
            path == "/config" ? nil : .status(404)
        }
        let second = try Builder()
        try second.directory.file("home/.netrc", String(contentsOfFile: netrc, encoding: .utf8))
        try second.pullWell([cache.ref], from: failing.url, ["--netrc", "--mirror", mirror.url])
        #expect(!mirror.authorizations.isEmpty && mirror.authorizations.allSatisfy { $0 == nil })
    }

    @Test func `What is in the URL, or in a file for the remote, comes first`() throws {
        let server = try FaultyWebServer(folder: cache.repository)
        let url = server.url.replacing("http://", with: "http://you:other@")
        try builder.pullWell([cache.ref], from: url, ["--netrc"])
        #expect(server.authorizations.allSatisfy { $0 == "Basic eW91Om90aGVy" }, "\(server.authorizations)")
        let token = try builder.directory.file("token", "t0ken")
        let second = try FaultyWebServer(folder: cache.repository)
        try builder.pullWell([cache.ref], from: second.url, ["--netrc", "--token-file", token])
        #expect(second.authorizations.allSatisfy { $0 == "Bearer t0ken" }, "\(second.authorizations)")
    }

    @Test func `A host that it does not have gets nothing`() throws {
        try builder.directory.file("home/.netrc", "machine elsewhere login x password y\n")
        let server = try FaultyWebServer(folder: cache.repository)
        try builder.pullWell([cache.ref], from: server.url, ["--netrc"])
        #expect(server.authorizations.allSatisfy { $0 == nil })
    }

    @Test func `A file that is not there is named, and what it holds is never shown`() throws {
        let errors = try builder.pullBadly(
            [cache.ref], from: cache.repository, ["--netrc-file", "/no/netrc"])
        #expect(errors.contains("cannot open /no/netrc"), "\(errors)")
        let folder = try builder.pullBadly([cache.ref], from: cache.repository, ["--netrc-file", "/"])
        #expect(folder.contains("/ is a directory"), "\(folder)")
        let server = try FaultyWebServer(folder: cache.repository) { _, _ in .status(401) }
        let refused = try builder.pull([cache.ref], from: server.url, ["--netrc", "--verbose"])
        #expect(refused.status == .exited(5) && !(refused.errorText + refused.text).contains("s3cret"))
    }
}
