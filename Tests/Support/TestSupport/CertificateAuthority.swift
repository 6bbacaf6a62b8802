// SPDX-License-Identifier: Apache-2.0

/// A certificate authority made for a test, with ECDSA keys that are valid for two days.
public final class CertificateAuthority: Sendable {
    /// A certificate and its private key, as PEM files.
    public struct Identity: Sendable {
        /// The certificate's path.
        public let certificate: String
        /// The private key's path.
        public let key: String
    }

    /// The authority's certificate, a PEM file for clients to trust.
    public let certificate: String

    private let key: String
    private let directory: TemporaryDirectory

    /// The authority of all web servers of a run, with the server's identity that it has issued.
    static func ofServers() throws -> (authority: CertificateAuthority, server: Identity) {
        let directory = try TemporaryDirectory()
        try servers.copy(to: directory.path)
        let authority = CertificateAuthority(in: directory)
        return (authority, authority.identity("server"))
    }

    private static let servers = DirectoryPattern { directory in
        let authority = try CertificateAuthority()
        _ = try authority.serverIdentity()
        try run(["cp", "-a", "\(authority.directory.path)/.", directory.path]).checked()
    }

    private init(in directory: TemporaryDirectory) {
        self.directory = directory
        certificate = directory.path("ca.pem")
        key = directory.path("ca.key")
    }

    /// Makes an authority.
    public convenience init() throws {
        self.init(in: try TemporaryDirectory())
        try CertificateAuthority.request([
            "-subj", "/CN=Test authority", "-keyout", key, "-out", certificate,
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        ])
    }

    /// Makes a certificate for a server that is called `localhost` or 127.0.0.1.
    public func serverIdentity() throws -> Identity {
        try issue(
            "server", ["subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1", "extendedKeyUsage=serverAuth"])
    }

    /// Makes a certificate for a client.
    public func clientIdentity(name: String = "client") throws -> Identity {
        try issue(name, ["extendedKeyUsage=clientAuth"])
    }

    private func issue(_ name: String, _ extensions: [String]) throws -> Identity {
        let identity = identity(name)
        try CertificateAuthority.request(
            [
                "-subj", "/CN=\(name)", "-CA", certificate, "-CAkey", key, "-keyout", identity.key,
                "-out", identity.certificate, "-addext", "basicConstraints=critical,CA:FALSE",
            ] + extensions.flatMap { ["-addext", $0] })
        return identity
    }

    private func identity(_ name: String) -> Identity {
        Identity(certificate: directory.path("\(name).pem"), key: directory.path("\(name).key"))
    }

    private static func request(_ options: [String]) throws {
        try run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-days", "2",
            ] + options
        ).checked()
    }
}
