// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import Foundation
import Synchronization
import TestSupport
import Testing

/// Pulls from a program's own tasks.
@Suite struct LibraryPullTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    private func pull(from server: FaultyWebServer, told: Progress? = nil) throws -> Task<
        PullReport, any Error
    > {
        let (ref, remote) = (stage.ref, try ArtifactCache(server.url))
        let repository = try Repository(stage.mine)
        return Task {
            try await remote.pull([ref], into: repository) { progress in told?.add(progress) }
        }
    }

    /// The progress that was told of a pull.
    private final class Progress: Sendable {
        private let told = Mutex<[TransferProgress]>([])
        func add(_ progress: TransferProgress) { told.withLock { $0.append(progress) } }
        var steps: [TransferProgress] { told.withLock { $0 } }
    }

    @Test(arguments: ["/config", "/objects/"])
    func `One that is cancelled before a web server that hangs ends at once, and changes nothing`(
        place: String
    ) async throws {
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasPrefix(place) ? .delay(seconds: 2 * patience) : nil
        }
        let before = try stage.visible
        let pull = try pull(from: server)
        #expect(try await comesTrue { server.requestedPaths.contains { $0.hasPrefix(place) } })
        pull.cancel()
        // The server would take longer than the test.
        await #expect(throws: CancellationError.self) { try await pull.value }
        #expect(try stage.visible.differences(from: before) == [])
    }

    @Test func `Progress never goes back, not even where a file comes spoilt at first`() async throws {
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasSuffix(".filez") ? .firstAttempts(1, .corrupt(offset: 20)) : nil
        }
        let told = Progress()
        let report = try await pull(from: server, told: told).value
        let steps = told.steps
        for (before, after) in zip(steps, steps.dropFirst()) {
            #expect(before.objects <= after.objects)
            #expect(before.bytes <= after.bytes)
            #expect(before.fraction ?? 0 <= after.fraction ?? 0)
        }
        #expect(steps.last?.objects == report.objects)
        #expect(steps.last?.bytes == report.bytes)
        #expect(steps.last?.fraction == 1)
        #expect(report.objects == Set(try OSTreeCommand.listObjects(stage.mine)).count)
        #expect(report.entries.map(\.commit.hex) == [stage.first])
    }

    @Test func `Errors can be told apart`() async throws {
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasSuffix(".filez") ? .status(404) : nil
        }
        let repository = try Repository(stage.mine)
        func code(_ address: String, _ ref: String) async throws -> ClientError.Code? {
            var options = ArtifactCache.Options()
            options.web.attempts = 1
            do {
                try await ArtifactCache(address, options: options).pull([ref], into: repository)
                return nil
            } catch let error as ClientError {
                return error.code
            }
        }
        #expect(try await code(server.url, "not/there") == .unknownRef)
        #expect(try await code(server.url, stage.ref) == .missing)
        #expect(try await code("\(server.url)/elsewhere", stage.ref) == .unknownRemote)
        server.stop()
        #expect(try await code(server.url, stage.ref) == .unreachable)
        #expect(throws: RemoteAddressError.self) { try ArtifactCache("ftp://example.com/artifacts") }
    }

    @Test func `A ref that is named twice is pulled once`() async throws {
        let server = try FaultyWebServer(directory: stage.cache)
        let report = try await ArtifactCache(server.url).pull(
            [stage.ref, stage.ref], into: Repository(stage.mine))
        #expect(report.entries.count == 1)
        #expect(
            try await ArtifactCache(server.url).commits(of: [stage.ref, "no/such"]).keys.sorted() == [
                stage.ref
            ])
    }
}
