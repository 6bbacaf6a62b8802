// SPDX-License-Identifier: Apache-2.0

import S3Samples
import TestSupport
import Testing

@testable import S3

/// The store in memory, held to what Ceph does.
@Suite struct ToyStoreTests {
    private static let names = [
        "a", "a+b", "a b", "b/1", "b/2", "b/ä%", "c/<&\">/d", "d", "e//f", "g/h/i", "g/h/j", "z~",
    ]

    /// Runs the same on both stores.
    private func compare<Value: Equatable>(_ body: (S3Client) throws -> Value) throws {
        let store = try ToyStore()
        let toy = try store.client()
        let ceph = try CephBucket().client()
        for client in [toy, ceph] {
            for name in ToyStoreTests.names { _ = try client.run(.put(name, [UInt8](name), if: .ifAbsent)) }
        }
        let expected = try body(ceph)
        #expect(try withExtendedLifetime(store) { try body(toy) } == expected)
    }

    @Test(arguments: ["", "a", "b/", "g/", "x"], [nil, "/", "h/"])
    func `Lists are the same, page by page`(_ prefix: String, _ delimiter: String?) throws {
        try compare { client in
            try (1...4).map { limit in
                var pages: [[String]] = []
                var continuation: String?
                repeat {
                    let page = try client.run(
                        .list(prefix: prefix, limit: limit, delimiter: delimiter, continuation: continuation))
                    pages.append(page.entries.map(\.key) + page.commonPrefixes.map { "prefix \($0)" })
                    continuation = page.continuation
                } while continuation != nil
                return pages
            }
        }
    }

    @Test(arguments: ["", "a b", "b/1", "b/3", "zz"])
    func `Lists begin behind the same key`(_ start: String) throws {
        try compare { try $0.run(.list(prefix: "", after: start)).entries.map(\.key) }
    }

    @Test func `Parts and removals are the same`() throws {
        try compare { client in
            let part = try client.run(.get("c/<&\">/d", range: 2..<5, limit: 3)).found
            let missing = try client.delete(["a+b", "c/<&\">/d", "not there", "e//f"]).count
            return [
                String(decoding: part?.bytes ?? [], as: UTF8.self), "\(part?.attributes.size ?? 0)",
                "\(missing)",
            ] + (try client.run(.list(prefix: "")).entries.map(\.key))
        }
    }

    @Test func `A cache answers with what was there before, and the clock is the store's`() throws {
        let isStale = Locked<[String: ToyStore.Object]?>(nil)
        let store = try ToyStore { _ in isStale.withLock { $0 }.map { .stale($0) } }
        let client = try store.client()
        _ = try client.run(.put("old", [1]))
        store.now += 3600
        isStale.withLock { $0 = store.snapshot }
        _ = try client.run(.put("new", [2]))
        #expect(try client.run(.get("new", limit: 1)) == .notFound)
        #expect(try client.run(.list(prefix: "")).entries.map(\.key) == ["old"])
        isStale.withLock { $0 = nil }
        let entries = try client.run(.list(prefix: "")).entries
        #expect(entries.map(\.attributes.modified) == [store.now, store.now - 3600])
        #expect(try client.run(.head("old")).found?.modified == store.now - 3600)
    }
}
