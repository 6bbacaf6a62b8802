// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import S3Samples
import TestSupport
import Testing

@testable import ArtifactBucket

/// Stores whose lists are old, and caches on the way that answer with what was there before.
@Suite struct StaleReadTests {
    /// The earlier objects from which the store answers some requests.
    private let past = Locked<[String: ToyStore.Object]?>(nil)
    private let isStale: Locked<@Sendable (ScriptedServer.Request) -> Bool>
    private let store: ToyStore
    private let sample: BucketSample

    init() throws {
        let isStale = Locked<@Sendable (ScriptedServer.Request) -> Bool>({ _ in false })
        self.isStale = isStale
        store = try ToyStore { [past] request in
            guard let before = past.withLock({ $0 }), request.method == "GET" || request.method == "HEAD",
                isStale.withLock({ $0 })(request)
            else { return nil }
            return .stale(before)
        }
        sample = try BucketSample()
        _ = try BucketStore.make(store.client(), author: "a test")
    }

    private func bucket() throws -> BucketStore { sample.store(try store.client()) }

    private func push(_ name: String, _ content: String, _ previous: RefEdit.PreviousValue) throws -> Checksum
    {
        let commit = try sample.commit("source/\(content)", ["file": content])
        try sample.push([RefEdit(ref(name), from: previous, to: commit)], to: bucket())
        return commit
    }

    private func freeze(_ isStale: @escaping @Sendable (ScriptedServer.Request) -> Bool) {
        past.withLock { $0 = store.snapshot }
        self.isStale.withLock { $0 = isStale }
    }

    private static func isList(_ request: ScriptedServer.Request) -> Bool {
        request.target.contains("list-type")
    }

    @Test func `Behind a list that is old, pushes come one after the other all the same`() throws {
        var last = try push("a/b", "0", .mustNotExist)
        freeze(StaleReadTests.isList)
        for number in 1...4 { last = try push("a/b", "\(number)", .any) }
        // A condition is checked against what is there, not against what was listed.
        let error = #expect(throws: RepositoryError.self) {
            try push(
                "a/b", "wrong", .mustMatch(try #require(Checksum(hex: String(repeating: "1", count: 64)))))
        }
        #expect(error?.code == .refMoved)
        past.withLock { $0 = nil }
        #expect(try bucket().commit(of: ref("a/b")) == last)
        #expect(try bucket().position.sequence == 5)
        #expect(try OSTreeCommand.revParse(sample.download(store.client()), "a/b") == last.hex)
    }

    @Test func `An entry that is listed and gone is no reason to begin anew`() throws {
        _ = try push("a/b", "0", .mustNotExist)
        freeze(StaleReadTests.isList)
        let last = try push("a/b", "1", .any)
        for sequence in 0..<2 as Range<UInt64> { store["place/" + LogKey.name(of: sequence)] = nil }
        let error = #expect(throws: RepositoryError.self) { _ = try push("a/b", "2", .any) }
        #expect(error?.code == .busy)
        past.withLock { $0 = nil }
        #expect(try bucket().commit(of: ref("a/b")) == last)
    }

    @Test func `A cache that answers requests for objects and views from its memory takes nothing back`()
        throws
    {
        _ = try push("a/b", "0", .mustNotExist)
        freeze { !StaleReadTests.isList($0) && !$0.path.contains("/bst-artifact/log/") }
        // A view that cannot be replaced now is made up for later.
        let last = try push("a/b", "1", .any)
        past.withLock { $0 = nil }
        #expect(try bucket().commit(of: ref("a/b")) == last)
        try bucket().recover()
        #expect(try OSTreeCommand.revParse(sample.download(store.client()), "a/b") == last.hex)
    }
}
