// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct EncryptionTests {
    @Test func `A certificate is made on first use, kept, and made anew for another name`() throws {
        let first = try CacheServer([])
        #expect(first.printed.contains { $0.contains("made a certificate: \(first.certificate)") })
        let shown = try run([
            "openssl", "x509", "-in", first.certificate, "-noout", "-fingerprint", "-sha256",
        ])
        .checked().text.split(separator: "=").last?.trimmingCharacters(in: .newlines)
        let fingerprint = try #require(shown)
        #expect(first.printed.contains { $0.hasSuffix(fingerprint) })
        let key = first.stage.directory.path("state/key.pem")
        let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try first.get("/config").status == 200)
        #expect(
            try first.get("/certificate.pem").text
                == String(contentsOfFile: first.certificate, encoding: .utf8))
        #expect(try first.get("/").text.contains(fingerprint))
        for host in ["localhost", "127.0.0.1"] {
            let address = "https://\(host):\(first.port)/config"
            try run(["curl", "-sSf", "--noproxy", "*", "--cacert", first.certificate, address]).checked()
        }

        let second = try CacheServer([], on: first.stage)
        #expect(second.printed.contains { $0.hasSuffix(fingerprint) })
        #expect(!second.printed.contains { $0.contains("made a certificate") })
        let third = try CacheServer(["--host", "cache.example.com"], on: first.stage)
        #expect(!third.printed.contains { $0.hasSuffix(fingerprint) })
        let resolved = "cache.example.com:\(third.port):127.0.0.1"
        try run([
            "curl", "-sSf", "--noproxy", "*", "--resolve", resolved, "--cacert", third.certificate,
            "https://cache.example.com:\(third.port)/config",
        ]).checked()
    }

    @Test func `TLS is of version 1.2 or 1.3, and nothing older`() throws {
        let server = try CacheServer([])
        func connect(_ version: String) throws -> ProcessResult {
            // At Debian's usual security level OpenSSL would not even try.
            try run([
                "openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", version, "-cipher",
                "ALL:@SECLEVEL=0", "-CAfile", server.certificate,
            ])
        }
        for version in ["-tls1_2", "-tls1_3"] {
            let result = try connect(version)
            #expect(result.succeeded && result.text.contains("Verify return code: 0 (ok)"), "\(version)")
        }
        for version in ["-tls1", "-tls1_1"] {
            let result = try connect(version)
            #expect(!result.succeeded && result.text.contains("no peer certificate available"), "\(version)")
            #expect(
                result.text.contains("CONNECTED") && !result.text.contains("written 0 bytes"), "\(version)")
        }
        // Somebody who does not encrypt is not answered, and does no harm.
        let client = try RawClient(port: server.port)
        client.send("GET /config HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(!String(decoding: client.receiveAll(), as: UTF8.self).contains("archive"))
        #expect(try server.get("/config").status == 200)
    }

    @Test func `A certificate of one's own is used, and what is wrong with one is said`() throws {
        let authority = try CertificateAuthority()
        let (identity, other) = (try authority.serverIdentity(), try authority.clientIdentity())
        let server = try CacheServer(["--certificate", identity.certificate, "--key", identity.key])
        try run([
            "curl", "-sSf", "--noproxy", "*", "--cacert", authority.certificate, "\(server.url)/config",
        ]).checked()
        #expect(!FileManager.default.fileExists(atPath: server.stage.directory.path("state")))
        func failure(_ certificate: String, _ key: String) throws -> String {
            let result = try run([
                try Programs.artifact(), "serve", server.stage.cache, "--listen", "127.0.0.1:0",
                "--certificate",
                certificate, "--key", key,
            ])
            #expect(!result.succeeded)
            return result.errorText
        }
        #expect(try failure(identity.certificate, other.key).contains("is not the key of"))
        #expect(try failure(identity.key, identity.key).contains("holds no certificate"))
        #expect(try failure(identity.certificate, other.certificate).contains("holds no private key"))
        #expect(try failure("/no/such/file", other.key).contains("/no/such/file"))
    }
}
