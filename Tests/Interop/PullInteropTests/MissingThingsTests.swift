// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct MissingThingsTests {
    private let cache: Cache
    private let builder: Builder

    init() throws {
        cache = try Cache.plain()
        builder = try Builder()
    }

    @Test(arguments: ["filez", "dirtree", "dirmeta", "commit"])
    func `An object that the cache lacks is named, and nothing becomes visible`(type: String) throws {
        let path = try #require(cache.paths(type).first)
        let server = try FaultyWebServer(folder: cache.repository) { asked, _ in
            asked == path ? .status(404) : nil
        }
        let errors = try builder.pullBadly([cache.ref], from: server.url)
        #expect(errors.contains("\(server.url) lacks object \(Cache.checksum(path))"))
        #expect(server.requestedPaths.count { $0 == path } == 1)
        try builder.pullWell([cache.ref], from: cache.repository)
        try builder.expectHas(cache)
    }

    @Test(arguments: [Carrier.http2, .plain, .fileURL, .path])
    func `A ref that the cache does not have is an unknown ref`(carrier: Carrier) throws {
        let server = try WebServer(folder: cache.repository)
        let remote = carrier.remote(cache, server)
        for ref in ["unknown", "project/element/other", "project/element/key/below"] {
            let errors = try builder.pullBadly([ref], from: remote, ["--ca", server.caFile])
            #expect(errors.contains("there is no ref \(ref) at \(remote)"))
        }
    }

    @Test(arguments: [Carrier.http2, .fileURL])
    func `A folder of refs is an unknown ref`(carrier: Carrier) throws {
        let server = try WebServer(folder: cache.repository)
        let remote = carrier.remote(cache, server)
        let errors = try builder.pullBadly(["project/element"], from: remote, ["--ca", server.caFile])
        #expect(errors.contains("there is no ref project/element at \(remote)"))
    }

    @Test func `A place without a repository is said to have none`() throws {
        let folder = try TemporaryDirectory()
        let server = try WebServer(folder: folder.path)
        for remote in [server.http2URL, "\(server.http2URL)/no/such/folder", folder.path, "/no/such/folder"] {
            let errors = try builder.pullBadly([cache.ref], from: remote, ["--ca", server.caFile])
            #expect(errors.contains("there is no OSTree repository at \(remote): check the URL"))
        }
    }

    @Test(arguments: [OSTreeCommand.Mode.bare, .bareUser, .bareUserOnly])
    func `A repository of another mode than archive cannot be pulled from`(mode: OSTreeCommand.Mode) throws {
        let other = try Builder(mode: mode)
        try OSTreeCommand.commit(
            other.repository, tree: cache.tree, refs: [cache.ref],
            options: ["--owner-uid=0", "--owner-gid=0"])
        let server = try WebServer(folder: other.repository)
        for remote in [server.plainURL, other.repository] {
            let errors = try builder.pullBadly([cache.ref], from: remote)
            #expect(
                errors.contains(
                    "cannot pull from \(remote): the repository there is of mode \(mode.rawValue)"))
        }
    }

    @Test func `A cache that nobody serves is said to be out of reach`() throws {
        let server = try FaultyWebServer(folder: cache.repository)
        let url = server.url
        server.stop()
        let errors = try builder.pullBadly([cache.ref], from: url)
        #expect(errors.contains("cannot fetch \(url)/config: "))
        #expect(errors.contains("check the address and the network"))
    }

    @Test func `A host that does not exist is named`() throws {
        let errors = try builder.pullBadly([cache.ref], from: "https://no-such-host.invalid/cache")
        #expect(errors.contains("cannot fetch https://no-such-host.invalid/cache/config: "))
    }
}
