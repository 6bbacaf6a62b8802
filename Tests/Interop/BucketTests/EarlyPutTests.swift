// SPDX-License-Identifier: Apache-2.0

import Foundation
import S3Samples
import TestSupport
import Testing

/// Files that a receiver puts into a bucket before it has everything.
@Suite struct EarlyPutTests {
    private let store: ToyStore
    private let stage: BucketStage
    /// A place for what stands between client and receiver.
    private let between: Stage
    private static let fileCount = 400

    init() throws {
        store = try ToyStore()
        stage = try BucketStage(cacheIn: store)
        between = try Stage(.bareUser)
        var files: [String: String] = [:]
        for number in 0..<Self.fileCount {
            let noise = (0..<100).map { _ in String(UInt32.random(in: 0 ... .max), radix: 36) }.joined()
            files["directory-\(number % 10)/\(number)"] = noise
        }
        _ = try stage.commit("hello/base/1", files)
    }

    /// The keys of objects that are there.
    private var objects: Set<String> { Set(store.keys.filter { $0.contains("/objects/") }) }

    private func expectWhole() throws {
        try stage.pull(["hello/base/1"]).checked()
        try OSTreeCommand.fsck(stage.theirs)
    }

    /// Pushes to a receiver whose client vanishes behind so many bytes.
    private func pushInterrupted(_ count: Int, _ options: [String] = []) throws {
        let carrier = try between.carrier(.cut(count))
        #expect(
            try stage.push(["hello/base/1"], ["--receiver", shellWords([carrier.path] + options)]).failed)
        carrier.awaitEnd()
    }

    @Test func `What an interrupted push has put is found by the next one, and not sent again`() throws {
        try pushInterrupted(120_000)
        let before = objects
        #expect(before.count > 50 && before.allSatisfy { $0.hasSuffix(".filez") }, "\(before.count)")
        #expect(try stage.artifact(["list", "--remote", stage.address]).output.isEmpty)
        let requests = store.server.requests.count
        let push = try stage.push(["hello/base/1"], Stage.receiver(["--verbose"])).checked()
        let again = store.server.requests[requests...].filter { request in
            request.method == "PUT" && before.contains { request.path.hasSuffix($0) }
        }
        // A request that was under way may not have been noted.
        #expect(again.isEmpty, "\(again.count) of \(before.count) were put again")
        let sent = push.text.split(separator: " ").compactMap { Int($0) }.first ?? 0
        #expect(sent > 0 && sent <= Self.fileCount + 13 - before.count, "\(push.text)")
        try expectWhole()
    }

    @Test func `Where a collection has removed what was put, it is sent again`() throws {
        try pushInterrupted(120_000)
        for key in objects { store[key] = nil }
        try stage.push(["hello/base/1"], Stage.receiver([])).checked()
        try expectWhole()
    }

    @Test func `Nothing is put before those have decided who decide at the end`() throws {
        let hook = try stage.directory.file("hook", "#!/bin/sh\nexit 1\n")
        try run(["chmod", "+x", hook]).checked()
        let key = try Ed25519Key()
        let file = try stage.directory.file("public", Data(key.publicKey).base64EncodedString())
        for options in [["--pre-receive", hook], ["--verify-ed25519", file], ["--max-size", "10k"]] {
            #expect(try stage.push(["hello/base/1"], Stage.receiver(options)).status == .exited(5))
            #expect(objects.isEmpty, "\(options)")
        }
        // These have decided before.
        let sizes = ["--allow-ref", "hello/*", "--max-object-size", "1M", "--max-push-size", "1M"]
        try pushInterrupted(120_000, sizes)
        #expect(objects.allSatisfy { $0.hasSuffix(".filez") } && !objects.isEmpty)
        try stage.push(["hello/base/1"], Stage.receiver([])).checked()
        try expectWhole()
    }
}
