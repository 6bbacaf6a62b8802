// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Settings of a remote of the repository, which count as they do for ostree.
@Suite struct RemoteSettingsTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    /// Adds the remote `origin`, or changes it.
    private func configure(_ url: String?, _ settings: [String: String]) throws {
        if let url { try OSTreeCommand.lines(stage.mine, ["remote", "add", "origin", url]) }
        for (key, value) in settings {
            try OSTreeCommand.lines(stage.mine, ["config", "set", "remote \"origin\".\(key)", value])
        }
    }

    /// Pulls with ostree and with bst-artifact, which must both do it.
    private func pullWell(_ refs: [String]? = nil, _ options: [String] = []) throws -> ProcessResult {
        let other = try stage.copy(stage.mine, as: "of-ostree")
        try OSTreeCommand.pull(other, remote: "origin", refs: refs ?? [stage.ref])
        return try stage.pullWell(refs, from: "origin", options)
    }

    /// Pulls with ostree and with bst-artifact, which must both refuse it.
    private func pullBadly(_ words: String..., location: SourceLocation = #_sourceLocation) throws {
        let other = try stage.copy(stage.mine, as: "of-ostree-\(UUID().uuidString)")
        #expect(
            try OSTreeCommand.attempt(other, ["pull", "origin", stage.ref]).failed, sourceLocation: location)
        let errors = try stage.pullBadly(from: "origin")
        for word in words { #expect(errors.contains(word), "\(errors)", sourceLocation: location) }
    }

    // MARK: Signatures

    @Test func `GPG signatures are demanded by gpg-verify, and where nothing is set`() throws {
        let keys = try SigningKeys(.gpg)
        try configure("file://\(stage.cache)", [:])
        try pullBadly(
            "there is no key for it", "is true where it is not set, as for ostree", "gpg-verify=false")
        try configure(nil, ["gpg-verify": "true"])
        try pullBadly("gpg-verify asks for GPG signatures")
        try OSTreeCommand.lines(
            stage.mine, ["remote", "gpg-import", "--keyring=\(keys.options[1])", "origin"])
        try pullBadly("commit \(stage.first) of ref \(stage.ref) is refused: it has no GPG signature")
        try keys.sign(stage.cache, stage.first)
        _ = try pullWell()
        try stage.expectPulled()
    }

    @Test func `An address is no remote, also that of a repository on this machine`() throws {
        let stage = try Stage.plain()
        try stage.pullWell(from: "file://\(stage.cache)")
        try stage.expectPulled()
    }

    @Test(arguments: ["file", "directory"]) func `Keys are also found where gpgkeypath says`(kind: String)
        throws
    {
        let keys = try SigningKeys(.gpg)
        let directory = try stage.directory.makeDirectory("keys")
        try run(["cp", keys.options[1], "\(directory)/one.asc"]).checked()
        try configure(
            "file://\(stage.cache)",
            ["gpg-verify": "true", "gpgkeypath": kind == "file" ? keys.options[1] : directory])
        try pullBadly("it has no GPG signature")
        try keys.sign(stage.cache, stage.first)
        _ = try pullWell()
    }

    @Test func `Without gpg-verify nothing is verified, and an option demands its own key`() throws {
        try configure("file://\(stage.cache)", ["gpg-verify": "false"])
        let keys = try SigningKeys(.gpg)
        #expect(try stage.pullBadly(from: "origin", keys.options).contains("it has no GPG signature"))
        #expect(try pullWell().errorText.isEmpty)
        // The option's key takes the place of the remote's.
        let other = try GPGHome()
        try other.makeKey("other@example.com")
        try OSTreeCommand.lines(
            stage.mine, ["remote", "gpg-import", "--keyring=\(try other.export())", "origin"])
        try configure(nil, ["gpg-verify": "true"])
        try keys.sign(stage.cache, stage.first)
        try pullBadly("is not good")
        try stage.pullWell(from: "origin", keys.options)
    }

    @Test func `sign-verify demands an ed25519 signature by its key or one of its file`() throws {
        let keys = try SigningKeys(.ed25519)
        let file = keys.options[1]
        let key = try #require(try text(ofFile: file).split(separator: "\n").last)
        for settings in [["verification-ed25519-file": file], ["verification-ed25519-key": String(key)]] {
            let own = RemoteSettingsTests(stage: try .plain())
            try own.configure("file://\(own.stage.cache)", ["gpg-verify": "false", "sign-verify": "ed25519"])
            #expect(try own.stage.pullBadly(from: "origin").contains("there is no key for it"))
            try own.configure(nil, settings)
            #expect(try own.stage.pullBadly(from: "origin").contains("it has no ed25519 signature"))
            try keys.sign(own.stage.cache, own.stage.first)
            try own.stage.pullWell(from: "origin")
        }
        try configure("file://\(stage.cache)", ["gpg-verify": "false", "sign-verify": "spki"])
        #expect(
            try stage.pullBadly(from: "origin").contains("signatures of type spki, and only ed25519 is known")
        )
    }

    @Test func `gpg-verify-summary demands a signed summary, which alone says where refs are`() throws {
        let keys = try GPGHome()
        try keys.makeKey("summary@example.com")
        try configure("file://\(stage.cache)", ["gpg-verify": "false", "gpg-verify-summary": "true"])
        try OSTreeCommand.lines(
            stage.mine, ["remote", "gpg-import", "--keyring=\(try keys.export())", "origin"])
        func summarize(_ options: [String]) throws {
            try OSTreeCommand.lines(stage.cache, ["summary", "--update"] + options)
        }
        let signing = ["--gpg-sign=summary@example.com", "--gpg-homedir=\(keys.path)"]
        try summarize([])
        try pullBadly("is refused: there is no summary.sig beside it")
        try summarize(signing)
        let old = try Data(contentsOf: URL(fileURLWithPath: "\(stage.cache)/summary.sig"))
        let moved = try stage.commitMore("unlisted")
        _ = try pullWell()
        #expect(try OSTreeCommand.revParse(stage.mine, stage.ref) == stage.first)
        try summarize(signing)
        _ = try stage.pullWell(["project/*"], from: "origin")
        #expect(try OSTreeCommand.revParse(stage.mine, stage.ref) == moved)
        try stage.commitMore("more")
        try summarize([])
        try old.write(to: URL(fileURLWithPath: "\(stage.cache)/summary.sig"))
        try pullBadly("its GPG signature is not good")
        _ = try stage.pullBadly(["project/*"], from: "origin")
    }

    @Test(arguments: [Fault.status(404), .corrupt(offset: 100)])
    func `A summary that does not fit its signature is fetched again, since it may be replaced just now`(
        fault: Fault
    ) throws {
        let keys = try GPGHome()
        try keys.makeKey("summary@example.com")
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path == "/summary.sig" ? .firstAttempts(1, fault) : nil
        }
        try configure(server.url, ["gpg-verify": "false", "gpg-verify-summary": "true"])
        try OSTreeCommand.lines(
            stage.mine, ["remote", "gpg-import", "--keyring=\(try keys.export())", "origin"])
        try OSTreeCommand.lines(
            stage.cache,
            ["summary", "--update", "--gpg-sign=summary@example.com", "--gpg-homedir=\(keys.path)"])
        try stage.pullWell(from: "origin")
        #expect(server.requestedPaths.count { $0 == "/summary.sig" } == 2)
    }

    // MARK: Connections

    @Test func `Certificates, keys and the version of HTTP are those of the remote`() throws {
        let server = try WebServer(directory: stage.cache, requireClientCertificate: true)
        let client = try server.authority.clientIdentity()
        try configure(server.http2URL, ["gpg-verify": "false"])
        try pullBadly("certificate is not trusted")
        try configure(nil, ["tls-ca-path": server.caFile])
        try pullBadly("the server answers 400")
        try configure(nil, ["tls-client-cert-path": client.certificate, "tls-client-key-path": client.key])
        _ = try pullWell()
        let count = try text(ofFile: server.accessLogPath).split(separator: "\n").count
        try configure(nil, ["http2": "false"])
        try stage.pullWell(from: "origin")
        let requests = try text(ofFile: server.accessLogPath).split(separator: "\n").dropFirst(count)
        #expect(!requests.isEmpty && requests.allSatisfy { $0.contains("HTTP/1.1") })
        // Options go before.
        let other = try CertificateAuthority()
        #expect(
            try stage.pullBadly(from: "origin", ["--ca", other.certificate]).contains(
                "certificate is not trusted"))
    }

    @Test func `tls-permissive leaves the certificate unchecked, with a warning`() throws {
        let server = try WebServer(directory: stage.cache)
        try configure(server.http2URL, ["gpg-verify": "false", "tls-permissive": "true"])
        #expect(try pullWell().errorText.contains("the certificate of remote origin is not checked"))
    }

    @Test func `Requests go through the remote's proxy`() throws {
        let proxy = try WebProxy()
        let server = try WebServer(directory: stage.cache)
        try configure(server.plainURL, ["gpg-verify": "false", "proxy": proxy.url])
        try stage.pullWell(from: "origin")
        #expect(proxy.requests.contains { $0.hasPrefix("get \(server.plainURL)/config ") })
    }

    @Test(arguments: [true, false])
    func `Files and parts of deltas come from contenturl, and nothing else does`(isDelta: Bool) throws {
        if isDelta {
            try OSTreeCommand.lines(stage.cache, ["static-delta", "generate", "--empty", stage.ref])
            try OSTreeCommand.lines(stage.cache, ["summary", "--update"])
        }
        let metadata = try FaultyWebServer(directory: stage.cache)
        let content = try FaultyWebServer(directory: stage.cache)
        try configure(metadata.url, ["gpg-verify": "false", "contenturl": content.url])
        try stage.pullWell(from: "origin", ["--deltas", isDelta ? "always" : "never"])
        try stage.expectPulled()
        #expect(!content.requestedPaths.isEmpty)
        #expect(content.requestedPaths.allSatisfy { $0.hasSuffix(".filez") || $0.hasSuffix("/0") })
        #expect(!metadata.requestedPaths.contains { $0.hasSuffix(".filez") || $0.hasSuffix("/0") })
    }

    @Test func `What contenturl lacks is named with that address`() throws {
        let content = try FaultyWebServer(directory: stage.cache) { _, _ in .status(500) }
        try configure("file://\(stage.cache)", ["gpg-verify": "false", "contenturl": content.url])
        let errors = try stage.pullBadly(from: "origin", ["--deltas", "never"])
        #expect(errors.contains("cannot fetch \(content.url)/objects/"), "\(errors)")
    }

    // MARK: Others

    @Test func `A remote that is not set up yet is refused in its own words`() throws {
        try configure(
            "file://\(stage.cache)",
            ["gpg-verify": "false", "unconfigured-state": "register this machine first"])
        try pullBadly("register this machine first")
    }

    @Test func `The branches of the remote are pulled where no ref is named`() throws {
        try configure("file://\(stage.cache)", ["gpg-verify": "false"])
        let result = try stage.pull([], from: "origin")
        #expect(result.status == .exited(64) && result.errorText.contains("Name the refs to pull, or --all."))
        try configure(nil, ["branches": "\(stage.ref);"])
        _ = try pullWell([])
        try stage.expectPulled()
    }

    @Test func `Settings that are not followed are named in warnings`() throws {
        try configure(
            "file://\(stage.cache)",
            ["gpg-verify": "false", "http-headers": "A=b", "metadata-cache": "1", "xa.title": "A title"])
        let warnings = try stage.pullWell(from: "origin").errorText
        #expect(warnings.contains("setting 'http-headers' of remote origin is not followed"))
        #expect(warnings.contains("setting 'metadata-cache' of remote origin is not followed"))
        #expect(!warnings.contains("xa.title") && !warnings.contains("gpg-verify"))
    }

    @Test func `A list of mirrors is not read, and the error says what to give instead`() throws {
        try configure("mirrorlist=http://127.0.0.1:1/list", ["gpg-verify": "false"])
        #expect(try stage.pullBadly(from: "origin").contains("--mirror URL for others"))
    }
}

extension RemoteSettingsTests {
    private init(stage: Stage) { self.stage = stage }
}
