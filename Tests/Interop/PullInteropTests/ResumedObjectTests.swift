// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

/// A large object whose transfer an earlier pull has begun.
@Suite struct ResumedObjectTests {
    private static let modes = [OSTreeCommand.Mode.bareUser, .bareUserOnly, .archive]
    private let stage: Stage
    /// The path of the only large object.
    private let path: String

    init() throws {
        stage = try Stage { tree in
            try Stage.makePlainTree(tree)
            try Data(SampleTree.noise(count: 6 << 20, seed: 13)).write(
                to: URL(fileURLWithPath: "\(tree)/big"))
        }
        let cache = stage.cache
        path = try #require(
            stage.paths("filez").first { path in
                let attributes = try? FileManager.default.attributesOfItem(atPath: cache + path)
                return attributes?[.size] as? Int ?? 0 > 1 << 20
            })
    }

    /// Pulls from a server that dies in the middle of the object.
    private func interrupt(_ stage: Stage) throws {
        let (path, breaksOff) = (path, Flag())
        let server = try FaultyWebServer(directory: stage.cache) { requested, _ in
            guard requested == path else { return nil }
            if breaksOff.isSet { return .dieForever }
            breaksOff.set()
            return .closeAfter(bytes: 3 << 20)
        }
        _ = try stage.pullBadly(from: server.url)
        #expect(server.requestedPaths.contains(path))
    }

    /// The ranges in which the object is fetched by a pull that succeeds.
    private func ranges(_ stage: Stage, _ fault: Fault? = nil) throws -> [Int?] {
        let path = path
        let server = try FaultyWebServer(directory: stage.cache) { asked, _ in asked == path ? fault : nil }
        try stage.pullWell(from: server.url)
        try stage.expectPulled()
        return server.requests.filter { $0.path == path }.map { request in
            request.range.flatMap { Int($0.dropFirst("bytes=".count).dropLast()) }
        }
    }

    /// The files in the quarantine that are begun.
    private func begun(_ stage: Stage) throws -> [String] {
        try Reader.leftovers(stage.mine).flatMap { directory in
            let incoming = "\(stage.mine)/tmp/\(directory)/incoming"
            // The directory, and files in it, come and go while we look.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: incoming)) ?? []
            return names.map { "\(incoming)/\($0)" }
        }
    }

    @Test(arguments: modes)
    func `It is continued in its middle by the next pull`(mode: OSTreeCommand.Mode) throws {
        let stage = try stage.another(mode)
        try interrupt(stage)
        let ranges = try ranges(stage)
        #expect(ranges.count == 1)
        #expect(try #require(ranges.first ?? nil) > 2 << 20)
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive])
    func `It is continued where the earlier pull was killed`(mode: OSTreeCommand.Mode) throws {
        let stage = try stage.another(mode)
        let server = try WebServer(directory: stage.cache, locations: "limit_rate 1m; limit_rate_after 2m;")
        let client = try stage.start(stage.pulling(from: server.plainURL))
        let hasBegun = try eventually {
            try begun(stage).contains { path in
                let file = try? FileManager.default.attributesOfItem(atPath: path)
                return path.contains("-") && file?[.size] as? Int ?? 0 > 3 << 19
            }
        }
        #expect(hasBegun, "\(client.errorText)")
        client.terminate(SIGKILL)
        try client.wait()
        let ranges = try ranges(stage)
        #expect(ranges.count == 1)
        #expect(try #require(ranges.first ?? nil) > 1 << 20)
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive])
    func `It is fetched from its beginning where what is left is wrong`(mode: OSTreeCommand.Mode) throws {
        let stage = try stage.another(mode)
        try interrupt(stage)
        for path in try begun(stage) {
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes[bytes.count / 2] ^= 0xff
            try bytes.write(to: URL(fileURLWithPath: path))
        }
        let ranges = try ranges(stage)
        #expect(ranges.count == 2)
        #expect(ranges.first.flatMap { $0 } != nil)
        #expect(ranges.last == .some(nil))
    }

    @Test func `It is fetched from its beginning where the server knows no ranges`() throws {
        try interrupt(stage)
        let body = try Data(contentsOf: URL(fileURLWithPath: stage.cache + path))
        let ranges = try ranges(stage, .replaceBody(Array(body)))
        #expect(ranges.first.flatMap { $0 } != nil)
        #expect(ranges.last == .some(nil))
    }

    @Test func `It is fetched from its beginning where the server compressed it anew`() throws {
        try interrupt(stage)
        // The same content, in blocks that are not compressed, and so of another size.
        let file = stage.cache + path
        try run(["/usr/bin/python3", "-", file], input: .text(ResumedObjectTests.recompression)).checked()
        let ranges = try ranges(stage)
        #expect(ranges.count == 2)
        #expect(ranges.first.flatMap { $0 } != nil)
        #expect(ranges.last == .some(nil))
    }

    @Test func `It is continued from a local cache, too`() throws {
        try interrupt(stage)
        try stage.pullWell(from: stage.cache)
        try stage.expectPulled()
    }

    private static let recompression = """
        import struct, sys, zlib
        data = open(sys.argv[1], "rb").read()
        start = 8 + struct.unpack(">I", data[:4])[0]
        content = zlib.decompress(data[start:], -15)
        deflate = zlib.compressobj(0, zlib.DEFLATED, -15)
        with open(sys.argv[1], "wb") as file:
            file.write(data[:start] + deflate.compress(content[:1000]) + deflate.flush(zlib.Z_FULL_FLUSH))
            file.write(deflate.compress(content[1000:]) + deflate.flush())
        """
}

/// Something that happens once.
private final class Flag: Sendable {
    private let state = Mutex(false)
    var isSet: Bool { state.withLock { $0 } }
    func set() { state.withLock { $0 = true } }
}
