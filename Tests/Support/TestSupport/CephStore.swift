// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A Ceph with two S3 gateways on loopback, whose data are in memory.
public final class CephStore: Sendable {
    /// The store that all tests of a process share, each with buckets of its own. It ends with the process.
    public static let shared = Result { try CephStore() }

    /// The URLs of the gateways.
    public let endpoints: [String]
    /// The URL at which the first gateway takes TLS.
    public let encryptedEndpoint: String
    /// The authority of its certificate, a PEM file.
    public var authority: String { certificates.certificate }
    /// The access key of a user who may do everything.
    public static let accessKey = "CEPHTESTKEY"
    /// The secret key. It has characters that are easily encoded wrongly.
    public static let secretKey = "ceph/Secret+Key:of=tests"

    private let server: ServerProcess
    /// The script that runs it removes this too, since nothing does so at the end of a process.
    private let directory: TemporaryDirectory
    private let certificates: CertificateAuthority

    /// Starts a store.
    ///
    /// - Throws: when Ceph is not installed or does not start.
    public init() throws {
        let (certificates, identity) = try CertificateAuthority.ofServers()
        var started: (server: ServerProcess, ports: [UInt16], directory: TemporaryDirectory)?
        for _ in 0..<10 where started == nil {
            let directory = try TemporaryDirectory()
            let ports = [try LoopbackPort.freePair(), try LoopbackPort.free(), try LoopbackPort.free()]
            let log = directory.path("ceph.log")
            let script = "\(Programs.repositoryRoot)/Interop/Peers/ceph"
            let server = try ServerProcess.start(
                [
                    "env", "ACCESS_KEY=\(CephStore.accessKey)", "SECRET_KEY=\(CephStore.secretKey)",
                    "TLS_PORT=\(ports[2])", "CERTIFICATE=\(identity.certificate)",
                    "CERTIFICATE_KEY=\(identity.key)", script, "run", directory.path,
                ] + ports[..<2].map(String.init), log: log,
                ready: { _ in access(directory.path("endpoints"), R_OK) == 0 })
            started = server.map { ($0, ports, directory) }
        }
        guard let started else { throw TestSupportError("Ceph found ten ports taken, one after the other") }
        server = started.server
        directory = started.directory
        self.certificates = certificates
        endpoints = started.ports[..<2].map { "http://127.0.0.1:\($0)" }
        encryptedEndpoint = "https://localhost:\(started.ports[2])"
    }
}
