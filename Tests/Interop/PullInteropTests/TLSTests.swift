// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct TLSTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    @Test func `A certificate of an unknown authority is refused with a hint at the option for it`() throws {
        let server = try WebServer(directory: stage.cache)
        for url in [server.http2URL, server.http1URL] {
            let errors = try stage.pullBadly(from: url)
            #expect(
                errors.contains("cannot fetch \(url)/refs/heads/\(stage.ref): its certificate is not trusted")
            )
            #expect(errors.contains("--ca"))
        }
        let other = try CertificateAuthority()
        let errors = try stage.pullBadly(from: server.http2URL, ["--ca", other.certificate])
        #expect(errors.contains("its certificate is not trusted"))
        #expect(try server.requests().isEmpty)
    }

    @Test func `A certificate of another host is refused`() throws {
        let server = try WebServer(directory: stage.cache)
        let url = server.http2URL.replacingOccurrences(of: "localhost", with: "other.localhost")
        let errors = try stage.pullBadly(from: url, ["--ca", server.caFile])
        #expect(errors.contains("cannot fetch \(url)/refs/heads/\(stage.ref): "))
        #expect(errors.contains("other.localhost"))
        #expect(try server.requests().isEmpty)
    }

    @Test func `A certificate file that is missing or none is named as the cause`() throws {
        let server = try WebServer(directory: stage.cache)
        let garbage = try stage.directory.file("garbage.pem", "this is no certificate\n")
        for file in ["/no/such/file.pem", garbage] {
            let errors = try stage.pullBadly(from: server.http2URL, ["--ca", file])
            #expect(errors.contains("certificate"))
            #expect(errors.contains(file))
        }
    }

    @Test func `HTTPS that is none fails`() throws {
        let server = try WebServer(directory: stage.cache)
        let url = server.plainURL.replacingOccurrences(of: "http:", with: "https:")
        let errors = try stage.pullBadly(from: url)
        #expect(errors.contains("cannot fetch \(url)/refs/heads/\(stage.ref): "))
    }

    @Test func `A client certificate that the cache requires is presented`() throws {
        let server = try WebServer(directory: stage.cache, requireClientCertificate: true)
        let client = try server.authority.clientIdentity()
        let trust = ["--ca", server.caFile]
        for url in [server.http2URL, server.http1URL] {
            let stage = try stage.another()
            let errors = try stage.pullBadly(from: url, trust)
            #expect(errors.contains("cannot fetch \(url)/refs/heads/\(stage.ref): the server answers 400"))
            try stage.pullWell(
                from: url,
                trust + ["--client-cert", client.certificate, "--client-key", client.key])
            try stage.expectPulled()
        }
        // Both in one file.
        let stage = try stage.another()
        let both = stage.directory.path("both.pem")
        try run(["sh", "-c", "cat \"$1\" \"$2\" > \"$3\"", "-", client.certificate, client.key, both])
            .checked()
        try stage.pullWell(from: server.http2URL, trust + ["--client-cert", both])
        try stage.expectPulled()
    }

    @Test func `A client certificate of an authority that the cache does not know is refused`() throws {
        let server = try WebServer(directory: stage.cache, requireClientCertificate: true)
        let stranger = try CertificateAuthority().clientIdentity()
        let errors = try stage.pullBadly(
            from: server.http2URL,
            ["--ca", server.caFile, "--client-cert", stranger.certificate, "--client-key", stranger.key])
        #expect(errors.contains("cannot fetch \(server.http2URL)/refs/heads/\(stage.ref): "))
    }

    @Test func `A client certificate or key that cannot be used is named as the cause`() throws {
        let server = try WebServer(directory: stage.cache, requireClientCertificate: true)
        let client = try server.authority.clientIdentity()
        let other = try server.authority.clientIdentity(name: "other")
        for (certificate, key) in [
            ("/no/such/file", client.key), (client.certificate, "/no/such/file"),
            (client.certificate, other.key),
        ] {
            let errors = try stage.pullBadly(
                from: server.http2URL,
                ["--ca", server.caFile, "--client-cert", certificate, "--client-key", key])
            #expect(errors.contains("a certificate or key file cannot be used"))
        }
    }
}
