// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct NotFoundTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    @Test(arguments: ["filez", "dirtree", "dirmeta", "commit"])
    func `An object that the cache lacks is named, and nothing becomes visible`(type: String) throws {
        let path = try #require(stage.paths(type).first)
        let server = try FaultyWebServer(directory: stage.cache) { asked, _ in
            asked == path ? .status(404) : nil
        }
        let errors = try stage.pullBadly(from: server.url)
        #expect(errors.contains("\(server.url) lacks object \(ObjectPath.checksum(path))"))
        #expect(server.requestedPaths.count { $0 == path } == 1)
        try stage.pullWell(from: stage.cache)
        try stage.expectPulled()
    }

    @Test(arguments: [Carrier.http2, .plain, .fileURL, .path])
    func `A ref that the cache does not have is an unknown ref`(carrier: Carrier) throws {
        let server = try WebServer(directory: stage.cache)
        let remote = carrier.remote(stage, server)
        for ref in ["unknown", "project/element/other", "project/element/key/below"] {
            let errors = try stage.pullBadly([ref], from: remote, ["--ca", server.caFile])
            #expect(errors.contains("there is no ref \(ref) at \(remote)"))
        }
    }

    @Test(arguments: [Carrier.http2, .fileURL])
    func `A directory of refs is an unknown ref`(carrier: Carrier) throws {
        let server = try WebServer(directory: stage.cache)
        let remote = carrier.remote(stage, server)
        let errors = try stage.pullBadly(["project/element"], from: remote, ["--ca", server.caFile])
        #expect(errors.contains("there is no ref project/element at \(remote)"))
    }

    @Test func `A place without a repository is said to have none`() throws {
        let directory = try TemporaryDirectory()
        let server = try WebServer(directory: directory.path)
        for remote in [
            server.http2URL, "\(server.http2URL)/no/such/directory", directory.path, "/no/such/directory",
        ] {
            let errors = try stage.pullBadly(from: remote, ["--ca", server.caFile])
            #expect(errors.contains("there is no OSTree repository at \(remote): check the URL"))
        }
    }

    @Test(arguments: [OSTreeCommand.Mode.bare, .bareUser, .bareUserOnly])
    func `A repository of another mode than archive cannot be pulled from`(mode: OSTreeCommand.Mode) throws {
        let other = try stage.another(mode)
        try OSTreeCommand.commit(
            other.mine, tree: stage.tree, refs: [stage.ref],
            options: ["--owner-uid=0", "--owner-gid=0"])
        let server = try WebServer(directory: other.mine)
        for remote in [server.plainURL, other.mine] {
            let errors = try stage.pullBadly(from: remote)
            #expect(
                errors.contains(
                    "cannot pull from \(remote): the repository there is of mode \(mode.rawValue)"))
        }
    }

    @Test func `A cache that nobody serves is said to be out of reach`() throws {
        let server = try FaultyWebServer(directory: stage.cache)
        let url = server.url
        server.stop()
        let errors = try stage.pullBadly(from: url)
        #expect(errors.contains("cannot fetch \(url)/refs/heads/\(stage.ref): "))
        #expect(errors.contains("check the address and the network"))
    }

    @Test func `A host that does not exist is named`() throws {
        let errors = try stage.pullBadly(from: "https://no-such-host.invalid/cache")
        #expect(errors.contains("cannot fetch https://no-such-host.invalid/cache/refs/heads/\(stage.ref): "))
    }
}
