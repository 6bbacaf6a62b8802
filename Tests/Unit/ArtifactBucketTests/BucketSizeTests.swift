// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import S3
import S3Samples
import TestSupport
import Testing

@testable import ArtifactBucket

/// The size of all objects as the log has it, and the limit that receivers keep by it.
@Suite struct BucketSizeTests {
    private let sample: BucketSample
    private let fault = Locked<@Sendable (ScriptedServer.Request) -> ToyStore.Deviation?>({ _ in nil })
    private let store: ToyStore
    private let first: Checksum
    private let second: Checksum
    /// The content of a file that all commits have, of a few thousand bytes also when it is compressed.
    private let shared = (0..<1000).map { _ in String(UInt32.random(in: 0 ... .max), radix: 36) }.joined()

    init() throws {
        sample = try BucketSample()
        store = try ToyStore { [fault] request in fault.withLock { $0 }(request) }
        store.now = Int(Date().timeIntervalSince1970)
        _ = try BucketStore.make(store.client(), author: "a test")
        first = try sample.commit("a/b/1", ["shared": shared, "own": "1\n"])
        second = try sample.commit("a/b/2", ["shared": shared, "own": "2\n"])
    }

    private func bucket(putsEarly: Bool = false, _ limit: BucketSizeLimit? = nil) throws -> BucketStore {
        sample.store(try store.client(), putsEarly: putsEarly, sizeLimit: limit)
    }

    @discardableResult
    private func push(_ name: String, _ commit: Checksum, to bucket: BucketStore? = nil) throws
        -> [ObjectName]
    {
        let edit = RefEdit(try ref(name), from: .mustNotExistOrKeep, to: commit)
        return try sample.push([edit], to: bucket ?? self.bucket()).objects
    }

    private func delete(_ name: String) throws {
        _ = try bucket().delete([RefEdit(ref(name), from: .any, to: nil)])
    }

    private func collect(_ show: @escaping (String) -> Void = { _ in }) throws {
        var times = GarbageCollector.Times()
        (times.age, times.grace, times.takeover) = (.zero, .zero, .zero)
        var collector = GarbageCollector(try bucket(), times: times, show: show)
        _ = try collector.run()
    }

    /// The size of all objects, by the log.
    private var known: UInt64? { get throws { try bucket().position.newest.entry.storedBytes } }

    /// The size of all objects that are there.
    private var actual: UInt64 {
        store.snapshot.reduce(0) { sum, object in
            sum + (object.key.hasPrefix("place/objects/") ? UInt64(object.value.bytes.count) : 0)
        }
    }

    /// Creates an entry as a version does that counts nothing.
    private func forget() throws {
        _ = try bucket().log.append(author: "an earlier version") { entry, _ in
            (entry.put, entry.measured) = (0, nil)
            return true
        }
    }

    @Test(arguments: [false, true])
    func `Publications add what they have put, and not what was there`(_ putsEarly: Bool) throws {
        #expect(try known == 0)
        try push("a/b/1", first, to: bucket(putsEarly: putsEarly))
        #expect(try known == actual && actual > 0)
        // The file that both have is sent again, and was there.
        #expect(try push("a/b/2", second, to: bucket(putsEarly: putsEarly)).count { $0.type == .file } == 2)
        #expect(try known == actual)
        try push("a/b/3", second)
        #expect(try known == actual)
    }

    @Test func `A collection takes away what it has removed, and not what was saved`() throws {
        try push("a/b/1", first)
        try push("a/b/2", second)
        for name in ["a/b/1", "a/b/2"] { try delete(name) }
        let before = actual
        try collect { step in
            if step.contains("waiting for pushes") {
                #expect(throws: Never.self) { try push("a/b/2", second) }
            }
        }
        #expect(try known == actual && actual < before && actual > 0)
        let entry = try bucket().position.sequence
        try collect()
        #expect(try bucket().position.sequence == entry, "there was nothing to say")
    }

    @Test func `Where the size is not known, a collection finds it out`() throws {
        try push("a/b/1", first)
        try forget()
        #expect(try known == nil)
        try push("a/b/2", second)
        #expect(try known == nil)
        try collect()
        #expect(try known == actual)
        #expect(try bucket().position.newest.entry.onlyMeasures)
        // Also behind a collector that has died, whose garbage has no sizes in the bucket.
        try delete("a/b/1")
        fault.withLock { $0 = { $0.method == "POST" ? .instead(.status(403)) : nil } }
        #expect(throws: S3Error.self) { try collect() }
        fault.withLock { $0 = { _ in nil } }
        try collect()
        #expect(try known == actual)
    }

    @Test func `What is pushed while objects are listed is counted, and exactly so by the next collection`()
        throws
    {
        try forget()
        try collect { step in
            if step.contains("listing") { #expect(throws: Never.self) { try push("a/b/1", first) } }
            if step.contains("walking") { #expect(throws: Never.self) { try push("a/b/2", second) } }
        }
        #expect(try #require(known) > actual)
        try collect()
        #expect(try known == actual)
    }

    @Test func `A push beyond the limit is refused before anything is put, and one that fits is taken`()
        throws
    {
        try push("a/b/1", first)
        let limit = BucketSizeLimit(actual + 1) { warning in Issue.record("\(warning)") }
        let keys = store.keys
        let error = #expect(throws: RepositoryError.self) { try push("a/b/2", second, to: bucket(limit)) }
        #expect(error?.code == .noSpace)
        #expect(error?.description.contains("repo expire") == true)
        #expect(store.keys == keys)
        // Most of what is sent is there already, which the bucket is asked about where it matters.
        let room = UInt64(shared.utf8.count / 4)
        let objects = try push("a/b/2", second, to: bucket(BucketSizeLimit(actual + room) { _ in }))
        #expect(objects.count { $0.type == .file } == 2)
    }

    @Test func `As long as the size is not known, everything is taken, and it is said`() throws {
        try forget()
        let warnings = Locked<[String]>([])
        let limit = BucketSizeLimit(1) { warning in warnings.withLock { $0.append(warning) } }
        try push("a/b/1", first, to: bucket(limit))
        try push("a/b/1", first, to: bucket(limit))
        #expect(warnings.withLock(\.count) == 1, "nothing was new the second time")
        #expect(warnings.withLock { $0.first?.contains("repo expire s3://") } == true)
        try collect()
        let error = #expect(throws: RepositoryError.self) { try push("a/b/2", second, to: bucket(limit)) }
        #expect(error?.code == .noSpace)
        // What needs no room is taken.
        try push("a/b/3", first, to: bucket(limit))
    }
}
