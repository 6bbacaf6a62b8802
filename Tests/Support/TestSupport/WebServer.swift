// SPDX-License-Identifier: Apache-2.0
import Foundation

/// An nginx of the test's own that serves a directory on three ports of 127.0.0.1: HTTPS that offers HTTP/2,
/// HTTPS with HTTP/1.1 only, and plain HTTP.
///
/// All it writes lies in a temporary directory. It stops when the last reference goes.
public final class WebServer: Sendable {
    /// The directory as an HTTPS server with HTTP/2 has it, `https://localhost:PORT`.
    public let http2URL: String
    /// The directory as an HTTPS server without HTTP/2 has it, `https://localhost:PORT`.
    public let http1URL: String
    /// The directory as an HTTP server has it, `http://localhost:PORT`.
    public let plainURL: String
    /// The authority that signed the server's certificate.
    public let authority: CertificateAuthority
    /// The certificate, in PEM, that a client is to trust.
    public var caFile: String { authority.certificate }
    /// The access log's path.
    public let accessLogPath: String
    /// nginx's process number.
    public var processID: pid_t { server.process.processID }

    private let directory: TemporaryDirectory
    private let server: ServerProcess

    /// Starts a server and waits until it takes connections.
    ///
    /// - Parameters:
    ///   - directory: The directory to serve.
    ///   - requireClientCertificate: True if HTTPS clients need a certificate of ``authority``; others get
    ///     status 400.
    ///   - bearerToken: The token that clients need on each port; others get status 401.
    ///   - locations: Lines of nginx's language for each port's `server` block, such as
    ///     `location = /summary { return 500; }`.
    public init(
        directory served: String, requireClientCertificate: Bool = false, bearerToken: String? = nil,
        locations: String = ""
    ) throws {
        let directory = try TemporaryDirectory()
        let (authority, identity) = try CertificateAuthority.ofServers()
        let log = directory.path("error.log")
        let accessLog = try directory.file("access.log", "")
        for name in ["body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            try directory.makeDirectory(name)
        }

        var common = "root \"\(served)\";\n"
        if let bearerToken {
            common += "if ($http_authorization != \"Bearer \(bearerToken)\") { return 401; }\n"
        }
        common += locations
        var tls = "ssl_certificate \(identity.certificate);\nssl_certificate_key \(identity.key);\n"
        if requireClientCertificate {
            tls += "ssl_client_certificate \(authority.certificate);\nssl_verify_client on;\n"
        }

        var started: (server: ServerProcess, ports: [UInt16])?
        for _ in 0..<10 where started == nil {
            let ports = try [LoopbackPort.free(), LoopbackPort.free(), LoopbackPort.free()]
            let file = try directory.file(
                "nginx.conf",
                """
                \(geteuid() == 0 ? "user root;" : "")
                worker_processes 1;
                pid \(directory.path("nginx.pid"));
                lock_file \(directory.path("nginx.lock"));
                error_log \(log) notice;
                events { worker_connections 1024; }
                http {
                log_format lines '\(WebRequest.logFormat)';
                access_log \(accessLog) lines;
                client_body_temp_path \(directory.path("body"));
                proxy_temp_path \(directory.path("proxy"));
                fastcgi_temp_path \(directory.path("fastcgi"));
                uwsgi_temp_path \(directory.path("uwsgi"));
                scgi_temp_path \(directory.path("scgi"));
                default_type application/octet-stream;
                sendfile on;
                server {
                listen 127.0.0.1:\(ports[0]) ssl http2;
                \(tls)\(common)
                }
                server {
                listen 127.0.0.1:\(ports[1]) ssl;
                \(tls)\(common)
                }
                server {
                listen 127.0.0.1:\(ports[2]);
                \(common)
                }
                }

                """)
            try directory.file("error.log", "")
            // The process number is written once all ports are bound.
            let server = try ServerProcess.start(
                ["nginx", "-p", directory.path, "-e", log, "-c", file, "-g", "daemon off;"], log: log,
                ready: { process in
                    let written = try? text(ofFile: directory.path("nginx.pid"))
                    return written?.trimmingCharacters(in: .newlines) == String(process.processID)
                })
            started = server.map { ($0, ports) }
        }
        guard let started else { throw TestSupportError("nginx found ten ports taken, one after the other") }
        http2URL = "https://localhost:\(started.ports[0])"
        http1URL = "https://localhost:\(started.ports[1])"
        plainURL = "http://localhost:\(started.ports[2])"
        server = started.server
        self.directory = directory
        self.authority = authority
        accessLogPath = accessLog
    }

    /// All requests so far, in the order in which their responses were completed.
    ///
    /// A request is logged a moment after its answer is sent, so say how many there must be: this waits until
    /// there are, at most 10 seconds.
    public func requests(atLeast count: Int = 0) throws -> [WebRequest] {
        var requests: [WebRequest] = []
        _ = try eventually {
            requests = try text(ofFile: accessLogPath).split(separator: "\n").compactMap(WebRequest.init)
            return requests.count >= count
        }
        return requests
    }

    /// The complaints of nginx so far.
    public var errorLog: String {
        (try? text(ofFile: directory.path("error.log"))) ?? ""
    }

    /// Stops it and waits until it is gone. A second time does nothing.
    public func stop() {
        server.stop()
    }
}
