// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// A way to reach a cache.
enum Carrier: String, CaseIterable, Sendable {
    case http2, http1, plain, fileURL, path

    /// True if requests go to the web server.
    var isWeb: Bool { self != .fileURL && self != .path }

    /// The cache's address for this carrier.
    func remote(_ stage: Stage, _ server: WebServer) -> String {
        switch self {
        case .http2: server.http2URL
        case .http1: server.http1URL
        case .plain: server.plainURL
        case .fileURL: "file://\(stage.cache)"
        case .path: stage.cache
        }
    }
}

@Suite struct CarrierTests {
    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive], Carrier.allCases)
    func `A tree with everything awkward in it arrives as it was committed`(
        mode: OSTreeCommand.Mode, carrier: Carrier
    ) throws {
        try expectArrival(of: .awkward(mode), over: carrier)
    }

    @Test(arguments: Carrier.allCases)
    func `A plain tree arrives in a repository that keeps no owners`(carrier: Carrier) throws {
        try expectArrival(of: .plain(.bareUserOnly), over: carrier)
    }

    private func expectArrival(
        of stage: Stage, over carrier: Carrier
    ) throws {
        let server = try WebServer(directory: stage.cache)
        let remote = carrier.remote(stage, server)
        let result = try stage.pullWell(from: remote, ["--ca", server.caFile])
        try stage.expectPulled()
        if carrier == .plain {
            #expect(result.errorText.hasPrefix("warning: \(remote) is not encrypted"))
            #expect(result.errorText.split(separator: "\n").count == 1)
        } else {
            #expect(result.errorText.isEmpty)
        }
        let objects = try OSTreeCommand.listObjects(stage.cache)
        let requests = try server.requests(atLeast: carrier.isWeb ? objects.count : 0)
        switch carrier {
        case .http2:
            #expect(requests.allSatisfy { $0.httpVersion == "HTTP/2.0" })
            #expect(Set(requests.map(\.connection)).count == 1)
        case .http1, .plain:
            #expect(requests.allSatisfy { $0.httpVersion == "HTTP/1.1" })
            // At most 16 at a time; the answers 404 for detached metadata and for a static delta and its index end one each.
            #expect((1...19).contains(Set(requests.map(\.connection)).count))
        case .fileURL, .path:
            #expect(requests.isEmpty)
        }
        for object in objects where carrier.isWeb {
            #expect(requests.count { $0.path == ObjectPath.path(object) } == 1)
        }
        // libostree calls an archive's files .filez, and all others .file.
        let pulled = try OSTreeCommand.listObjects(stage.mine)
        #expect(pulled.count == objects.count)
    }

    @Test func `A cache below another directory, with characters that URLs must escape, is found`() throws {
        let stage = try Stage.plain()
        let directory = try TemporaryDirectory()
        let place = directory.path("a b%41ž#?")
        try run(["cp", "-a", stage.cache, place]).checked()
        for remote in ["file://\(directory.path)/a%20b%2541%C5%BE%23%3F", place] {
            let stage = try stage.another()
            try stage.pullWell(from: remote)
            try stage.expectPulled()
        }
        let server = try WebServer(directory: directory.path)
        try stage.pullWell(from: "\(server.http2URL)/a%20b%2541%C5%BE%23%3F/", ["--ca", server.caFile])
        try stage.expectPulled()
    }

    @Test func `Several refs arrive with one command, and bst-artifact checks them out`() throws {
        let stage = try Stage.awkward()
        try stage.commitMore("more", ref: "project/other")
        let result = try stage.pullWell([stage.ref, "project/other", stage.ref], from: stage.cache)
        let refs = result.lines.dropLast().map { String($0.prefix { $0 != ":" }) }
        #expect(refs == [stage.ref, "project/other"])
        try stage.expectPulled("project/other")
        let place = stage.directory.path("checked out")
        try stage.artifact(["checkout", "--repo", stage.mine, "project/other", place]).checked()
        #expect(try TreeSnapshot(place).differences(from: TreeSnapshot(stage.tree)) == [])
    }
}
