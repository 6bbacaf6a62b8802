// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// How a cache is reached.
enum Carrier: String, CaseIterable, Sendable {
    case http2, http1, plain, fileURL, path

    /// Whether requests go to the web server.
    var isWeb: Bool { self != .fileURL && self != .path }

    /// Where a cache is for this carrier.
    func remote(_ cache: Cache, _ server: WebServer) -> String {
        switch self {
        case .http2: server.http2URL
        case .http1: server.http1URL
        case .plain: server.plainURL
        case .fileURL: "file://\(cache.repository)"
        case .path: cache.repository
        }
    }
}

@Suite struct CarrierTests {
    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive], Carrier.allCases)
    func `A tree with everything awkward in it arrives as it was committed`(
        mode: OSTreeCommand.Mode, carrier: Carrier
    ) throws {
        try expectArrival(of: .awkward(), in: mode, over: carrier)
    }

    @Test(arguments: Carrier.allCases)
    func `A plain tree arrives in a repository that keeps no owners`(carrier: Carrier) throws {
        try expectArrival(of: .plain(), in: .bareUserOnly, over: carrier)
    }

    private func expectArrival(
        of cache: Cache, in mode: OSTreeCommand.Mode, over carrier: Carrier
    ) throws {
        let builder = try Builder(mode: mode)
        let server = try WebServer(folder: cache.repository)
        let remote = carrier.remote(cache, server)
        let result = try builder.pullWell([cache.ref], from: remote, ["--ca", server.caFile])
        try builder.expectHas(cache)
        if carrier == .plain {
            #expect(result.errorText.hasPrefix("warning: \(remote) is not encrypted"))
            #expect(result.errorText.split(separator: "\n").count == 1)
        } else {
            #expect(result.errorText.isEmpty)
        }
        let objects = try OSTreeCommand.listObjects(cache.repository)
        let requests = try server.requests(atLeast: carrier.isWeb ? objects.count : 0)
        switch carrier {
        case .http2:
            #expect(requests.allSatisfy { $0.httpVersion == "HTTP/2.0" })
            #expect(Set(requests.map(\.connection)).count == 1)
        case .http1, .plain:
            #expect(requests.allSatisfy { $0.httpVersion == "HTTP/1.1" })
            // At most 8 at a time; the answer 404 for detached metadata ends one.
            #expect((1...9).contains(Set(requests.map(\.connection)).count))
        case .fileURL, .path:
            #expect(requests.isEmpty)
        }
        for object in objects where carrier.isWeb {
            #expect(requests.count { $0.path == Cache.path(object) } == 1)
        }
        // libostree calls an archive's files .filez, and all others .file.
        let pulled = try OSTreeCommand.listObjects(builder.repository)
        #expect(pulled.count == objects.count)
    }

    @Test func `A cache below another folder, with characters that URLs must escape, is found`() throws {
        let cache = try Cache.plain()
        let folder = try TemporaryDirectory()
        let place = folder.path("a b%41ž#?")
        try run(["cp", "-a", cache.repository, place]).checked()
        for remote in ["file://\(folder.path)/a%20b%2541%C5%BE%23%3F", place] {
            let builder = try Builder()
            try builder.pullWell([cache.ref], from: remote)
            try builder.expectHas(cache)
        }
        let server = try WebServer(folder: folder.path)
        let builder = try Builder()
        try builder.pullWell(
            [cache.ref], from: "\(server.http2URL)/a%20b%2541%C5%BE%23%3F/", ["--ca", server.caFile])
        try builder.expectHas(cache)
    }

    @Test func `Several refs arrive with one command, and bst-artifact checks them out`() throws {
        let cache = try Cache.awkward()
        try cache.commitMore("more", ref: "project/other")
        let builder = try Builder()
        let result = try builder.pullWell([cache.ref, "project/other", cache.ref], from: cache.repository)
        let refs = result.lines.dropLast().map { String($0.prefix { $0 != ":" }) }
        #expect(refs == [cache.ref, "project/other"])
        try builder.expectHas(cache, ref: "project/other")
        let place = builder.directory.path("checked out")
        try run(
            [Programs.artifact(), "checkout", "--repo", builder.repository, "project/other", place],
            environment: builder.environment
        ).checked()
        #expect(try TreeSnapshot(place).differences(from: TreeSnapshot(cache.tree)) == [])
    }
}
