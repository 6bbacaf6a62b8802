// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct WebServerTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.file("objects/one", "first")
    }

    /// Fetches with curl and tells version and status, then the body.
    private func fetch(_ url: String, _ options: String...) throws -> String {
        let result = try run(
            ["curl", "-s", "--noproxy", "*", "-w", "\n%{http_version} %{http_code}", url] + options)
        return result.lines.reversed().joined(separator: " ")
    }

    @Test func `The directory is served over HTTP 2, HTTP 1_1 and without TLS, and requests are logged`()
        throws
    {
        let server = try WebServer(directory: directory.path)
        let path = "/objects/one"
        #expect(try fetch(server.http2URL + path, "--cacert", server.caFile) == "2 200 first")
        #expect(try fetch(server.http1URL + path, "--cacert", server.caFile) == "1.1 200 first")
        #expect(try fetch(server.plainURL + path, "-r", "1-2") == "1.1 206 ir")
        #expect(try run(["curl", "-s", "--noproxy", "*", server.http2URL + path]).status == .exited(60))
        let requests = try server.requests(atLeast: 3)
        #expect(requests.map(\.httpVersion) == ["HTTP/2.0", "HTTP/1.1", "HTTP/1.1"])
        #expect(requests.map(\.path) == [path, path, path])
        #expect(requests.map(\.status) == [200, 200, 206])
        #expect(requests.map(\.bytes) == [5, 5, 2])
        #expect(requests.map(\.range) == ["-", "-", "bytes=1-2"])
    }

    @Test func `Client certificates and tokens can be required, and locations be told to fail`() throws {
        let server = try WebServer(
            directory: directory.path, requireClientCertificate: true, bearerToken: "secret",
            locations: "location = /summary { return 503; }")
        let client = try server.authority.clientIdentity()
        let url = server.http2URL + "/objects/one"
        let identity = ["--cacert", server.caFile, "--cert", client.certificate, "--key", client.key]
        func status(_ options: [String]) throws -> String {
            try run(["curl", "-s", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}"] + options).text
        }
        #expect(try status(["--cacert", server.caFile, "-H", "Authorization: Bearer secret", url]) == "400")
        #expect(try status(identity + [url]) == "401")
        #expect(try status(identity + ["-H", "Authorization: Bearer secret", url]) == "200")
        #expect(try status(["-H", "Authorization: Bearer secret", server.plainURL + "/summary"]) == "503")
    }

    @Test func `Stopping the server leaves nothing running`() throws {
        let server = try WebServer(directory: directory.path)
        // The socket listens before the worker runs.
        #expect(eventually { !ProcessTree.descendants(of: server.processID).isEmpty })
        let running = [server.processID] + ProcessTree.descendants(of: server.processID)
        server.stop()
        #expect(!running.contains(where: ProcessTree.isAlive))
        #expect(try run(["curl", "-s", "--noproxy", "*", server.plainURL]).status == .exited(7))
    }

    @Test func `ostree pulls over HTTP 2`() throws {
        let work = try TemporaryDirectory()
        let tree = try SampleTree(at: work.path("tree"))
        try OSTreeCommand.initRepo(work.path("source"), mode: .archive)
        let commit = try OSTreeCommand.commit(work.path("source"), tree: tree.path, refs: ["a/b", "c"])
        let server = try WebServer(directory: work.path("source"))
        try OSTreeCommand.initRepo(work.path("target"), mode: .archive)
        try OSTreeCommand.addRemote(
            work.path("target"), "origin", url: server.http2URL,
            options: ["--set=tls-ca-path=\(server.caFile)"])
        try OSTreeCommand.pull(work.path("target"), remote: "origin", refs: ["a/b"])
        #expect(try OSTreeCommand.revParse(work.path("target"), "origin:a/b") == commit)
        #expect(try OSTreeCommand.refs(work.path("source")) == ["a/b", "c"])
        let objects = try OSTreeCommand.listObjects(work.path("source"))
        #expect(objects.contains("\(commit).commit"))
        #expect(try objects == OSTreeCommand.listObjects(work.path("target")))
        try OSTreeCommand.fsck(work.path("target"))
        #expect(try server.requests(atLeast: objects.count).allSatisfy { $0.httpVersion == "HTTP/2.0" })
    }
}
