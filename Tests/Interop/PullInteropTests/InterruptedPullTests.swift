// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct InterruptedPullTests {
    private let cache: Cache

    init() throws {
        cache = try Cache.large(160)
    }

    /// A server that answers so many requests at once and lets all others wait for longer than a test.
    private func stallingServer(after count: Int) throws -> FaultyWebServer {
        try FaultyWebServer(folder: cache.repository) { _, number in
            number > count ? .delay(seconds: 100) : nil
        }
    }

    /// Interrupts a pull after about 110 requests.
    ///
    /// - Returns: the paths of the objects that were verified by then.
    private func interrupt(_ builder: Builder, with signal: Int32) throws -> Set<String> {
        let server = try stallingServer(after: 110)
        let before = try builder.visible
        let client = try RunningProcess(
            builder.pullCommand([cache.ref], from: server.url), environment: builder.environment)
        // Files come one folder after the other, so that some folders are known by then.
        let arrived = try eventually(within: 30) {
            try server.requestCount > 110 && builder.verified.count > 50
        }
        #expect(arrived, "\(client.errorText)")
        client.terminate(signal)
        #expect(try client.wait() == (signal == SIGKILL ? .signalled(signal) : .exited(128 + signal)))
        #expect(try builder.visible.differences(from: before) == [])
        try OSTreeCommand.fsck(builder.repository)
        #expect(try OSTreeCommand.refs(builder.repository) == [])
        return try builder.verified
    }

    /// Pulls from a good server, which must not be asked for what is there already.
    private func resume(_ builder: Builder, verified: Set<String>) throws {
        let server = try FaultyWebServer(folder: cache.repository)
        try builder.pullWell([cache.ref], from: server.url)
        #expect(verified.count > 50)
        #expect(verified.intersection(server.requestedPaths) == [])
        let all = Set(try OSTreeCommand.listObjects(cache.repository).map(Cache.path))
        #expect(all.subtracting(verified).subtracting(server.requestedPaths) == [])
        try builder.expectHas(cache)
    }

    @Test(arguments: [
        (OSTreeCommand.Mode.bareUser, SIGKILL), (.bareUserOnly, SIGKILL), (.archive, SIGKILL),
        (.bareUser, SIGTERM), (.bareUser, SIGINT),
    ])
    func `A pull that was killed left nothing to see, and the next one goes on where it was`(
        mode: OSTreeCommand.Mode, signal: Int32
    ) throws {
        let builder = try Builder(mode: mode)
        try resume(builder, verified: interrupt(builder, with: signal))
    }

    @Test func `A pull that is killed again and again arrives in the end`() throws {
        let builder = try Builder()
        var verified: Set<String> = []
        for _ in 0..<3 {
            let server = try stallingServer(after: 50)
            let client = try RunningProcess(
                builder.pullCommand([cache.ref], from: server.url), environment: builder.environment)
            let more = try eventually { try builder.verified.count > verified.count + 15 }
            #expect(more, "\(client.errorText)")
            client.terminate(SIGKILL)
            try client.wait()
            #expect(try builder.verified.isSuperset(of: verified))
            verified = try builder.verified
            #expect(try builder.leftovers.count == 1)
        }
        try builder.pullWell([cache.ref], from: cache.repository)
        try builder.expectHas(cache)
    }

    @Test func `A file that was only begun is fetched anew`() throws {
        let cache = try Cache { tree in
            try Cache.buildPlainTree(tree)
            try Data(SampleTree.noise(count: 3 << 20, seed: 7)).write(to: URL(fileURLWithPath: "\(tree)/big"))
        }
        let builder = try Builder()
        let server = try WebServer(folder: cache.repository, locations: "limit_rate 1m; limit_rate_after 1m;")
        let client = try RunningProcess(
            builder.pullCommand([cache.ref], from: server.plainURL), environment: builder.environment)
        let begun = try eventually {
            try builder.leftovers.contains { folder in
                let incoming = "\(builder.repository)/tmp/\(folder)/incoming"
                // The folder, and files in it, come and go while we look.
                let names = (try? FileManager.default.contentsOfDirectory(atPath: incoming)) ?? []
                return names.contains { name in
                    let file = try? FileManager.default.attributesOfItem(atPath: "\(incoming)/\(name)")
                    return file?[.size] as? Int ?? 0 > 1 << 20
                }
            }
        }
        #expect(begun, "\(client.errorText)")
        client.terminate(SIGKILL)
        try client.wait()
        try builder.pullWell([cache.ref], from: cache.repository)
        try builder.expectHas(cache)
    }

    @Test func `A pull from a server that dies fails, and the next one goes on where it was`() throws {
        let builder = try Builder()
        let server = try FaultyWebServer(folder: cache.repository) { _, number in
            number > 110 ? .dieForever : nil
        }
        let errors = try builder.pullBadly([cache.ref], from: server.url)
        #expect(errors.contains("cannot fetch \(server.url)/objects/"))
        try OSTreeCommand.fsck(builder.repository)
        try resume(builder, verified: builder.verified)
    }

    @Test func `What an interrupted pull of one ref had fetched serves the pull of another`() throws {
        let builder = try Builder()
        let verified = try interrupt(builder, with: SIGKILL)
        try cache.commitMore("more", ref: "project/other")
        let server = try FaultyWebServer(folder: cache.repository)
        try builder.pullWell(["project/other"], from: server.url)
        #expect(verified.intersection(server.requestedPaths) == [])
        // Whoever pulls the first one again finds what is left of it.
        try builder.expectHas(cache, ref: "project/other", leftovers: 1)
        #expect(try OSTreeCommand.refs(builder.repository) == ["project/other"])
        // The first ref's own root has changed by now, and is nowhere to be seen.
        let commits = try OSTreeCommand.listObjects(builder.repository).filter { $0.hasSuffix(".commit") }
        #expect(commits.count == 1)
    }
}
