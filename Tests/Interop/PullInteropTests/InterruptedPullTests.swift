// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct InterruptedPullTests {
    private let stage: Stage

    init() throws {
        stage = try .large(160)
    }

    /// A server that answers so many requests at once and lets all others wait for longer than a test.
    private func stallingServer(after count: Int) throws -> FaultyWebServer {
        try FaultyWebServer(directory: stage.cache) { _, number in
            number > count ? .delay(seconds: 100) : nil
        }
    }

    /// Interrupts a pull after about 110 requests.
    ///
    /// - Returns: the paths of the objects that were verified by then.
    private func interrupt(_ stage: Stage, with signal: Int32) throws -> Set<String> {
        let server = try stallingServer(after: 110)
        let before = try stage.visible
        let client = try stage.start(stage.pulling(from: server.url))
        // Files come one directory after the other, so that some directories are known by then.
        let arrived = try eventually {
            try server.requestCount > 110 && stage.verified.count > 50
        }
        #expect(arrived, "\(client.errorText)")
        client.terminate(signal)
        #expect(try client.wait() == (signal == SIGKILL ? .signalled(signal) : .exited(128 + signal)))
        #expect(try stage.visible.differences(from: before) == [])
        try OSTreeCommand.fsck(stage.mine)
        #expect(try OSTreeCommand.refs(stage.mine) == [])
        return try stage.verified
    }

    /// Pulls from a good server, which must not be asked for the objects that were verified before.
    private func resume(_ stage: Stage, verified: Set<String>) throws {
        let server = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(from: server.url)
        #expect(verified.count > 50)
        #expect(verified.intersection(server.requestedPaths) == [])
        let all = Set(try OSTreeCommand.listObjects(stage.cache).map(ObjectPath.path))
        #expect(all.subtracting(verified).subtracting(server.requestedPaths) == [])
        try stage.expectPulled()
    }

    @Test(arguments: [
        (OSTreeCommand.Mode.bareUser, SIGKILL), (.bareUserOnly, SIGKILL), (.archive, SIGKILL),
        (.bareUser, SIGTERM), (.bareUser, SIGINT),
    ])
    func `A pull that was killed left nothing to see, and the next one goes on where it was`(
        mode: OSTreeCommand.Mode, signal: Int32
    ) throws {
        let stage = try stage.another(mode)
        try resume(stage, verified: interrupt(stage, with: signal))
    }

    @Test func `A pull that is killed again and again arrives in the end`() throws {
        var verified: Set<String> = []
        for _ in 0..<3 {
            let server = try stallingServer(after: 50)
            let client = try stage.start(stage.pulling(from: server.url))
            let more = try eventually { try stage.verified.count > verified.count + 15 }
            #expect(more, "\(client.errorText)")
            client.terminate(SIGKILL)
            try client.wait()
            #expect(try stage.verified.isSuperset(of: verified))
            verified = try stage.verified
            #expect(try Reader.leftovers(stage.mine).count == 1)
        }
        try stage.pullWell(from: stage.cache)
        try stage.expectPulled()
    }

    @Test func `A file that was only begun is fetched anew`() throws {
        let stage = try Stage { tree in
            try Stage.makePlainTree(tree)
            try Data(SampleTree.noise(count: 3 << 20, seed: 7)).write(to: URL(fileURLWithPath: "\(tree)/big"))
        }
        let server = try WebServer(directory: stage.cache, locations: "limit_rate 1m; limit_rate_after 1m;")
        let client = try stage.start(stage.pulling(from: server.plainURL))
        let begun = try eventually {
            try Reader.leftovers(stage.mine).contains { directory in
                let incoming = "\(stage.mine)/tmp/\(directory)/incoming"
                // The directory, and files in it, come and go while we look.
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
        try stage.pullWell(from: stage.cache)
        try stage.expectPulled()
    }

    @Test func `A pull from a server that dies fails, and the next one goes on where it was`() throws {
        let server = try FaultyWebServer(directory: stage.cache) { _, number in
            number > 110 ? .dieForever : nil
        }
        let errors = try stage.pullBadly(from: server.url)
        #expect(errors.contains("cannot fetch \(server.url)/objects/"))
        try OSTreeCommand.fsck(stage.mine)
        try resume(stage, verified: stage.verified)
    }

    @Test func `What an interrupted pull of one ref had fetched serves the pull of another`() throws {
        let verified = try interrupt(stage, with: SIGKILL)
        try stage.commitMore("more", ref: "project/other")
        let server = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(["project/other"], from: server.url)
        #expect(verified.intersection(server.requestedPaths) == [])
        // Whoever pulls the first one again finds what is left of it.
        try stage.expectPulled("project/other", leftovers: 1)
        #expect(try OSTreeCommand.refs(stage.mine) == ["project/other"])
        // The first ref's own root has changed by now, and is nowhere to be seen.
        let commits = try OSTreeCommand.listObjects(stage.mine).filter { $0.hasSuffix(".commit") }
        #expect(commits.count == 1)
    }
}
