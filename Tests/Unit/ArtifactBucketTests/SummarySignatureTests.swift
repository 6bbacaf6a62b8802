// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import S3Samples
import TestSupport
import Testing

@testable import ArtifactBucket

/// Summaries that are signed: at each moment there is a signature of the one that is there.
@Suite struct SummarySignatureTests {
    private let store: ToyStore
    private let sample: BucketSample
    private let signers: [Signer]
    /// Called before each request.
    private let before: Locked<@Sendable (ScriptedServer.Request) throws -> ToyStore.Deviation?>

    init() throws {
        let before = Locked<@Sendable (ScriptedServer.Request) throws -> ToyStore.Deviation?>({ _ in nil })
        self.before = before
        store = try ToyStore { request in
            do { return try before.withLock({ $0 })(request) } catch {
                Issue.record(error)
                return nil
            }
        }
        sample = try BucketSample()
        let key = try sample.directory.file("key", Array(Ed25519Key().seed().utf8))
        signers = [.ed25519(keyFile: key)]
        _ = try BucketStore.make(store.client(), author: "a test")
    }

    private func view(_ signers: [Signer]) throws -> SummaryView {
        SummaryView(of: sample.store(try store.client()), signers: signers)
    }

    private func push(_ name: String) throws {
        let commit = try sample.commit("source/\(name)", ["file": name])
        let edit = RefEdit(try ref(name), from: .mustNotExist, to: commit)
        try sample.push([edit], to: sample.store(store.client()))
    }

    private var list: SummarySignatures { SummarySignatures(parsing: store["place/summary.sig"] ?? []) }

    /// Expects that what is there now is signed.
    private func expectSigned(_ place: String) throws {
        let objects = store.snapshot
        let summary = Digest(of: try #require(objects["place/summary"]).bytes).finish()
        let list = SummarySignatures(parsing: try #require(objects["place/summary.sig"]).bytes)
        #expect(list.entries.contains { $0.summary == summary }, "\(place): \(list.entries.count) others")
    }

    /// Returns the refs of the summary that is there.
    private func names() throws -> [String] {
        let bytes = try #require(store["place/summary"])
        return try bytes.withUnsafeBytes { bytes in
            let entries = try #require(SummaryEntries(bytes))
            return (0..<entries.count).compactMap { index in
                entries.entry(index).flatMap(SummaryEntries.name).map { String(decoding: $0, as: UTF8.self) }
            }
        }
    }

    @Test func `What is read is what was written, and what others have written is passed over`() throws {
        var list = SummarySignatures()
        let entries = [
            SummarySignatures.Entry(
                summary: checksum("a"), base: nil, signatures: [("ostree.gpgsigs", [1, 2]), ("other", [3])]),
            SummarySignatures.Entry(
                summary: checksum("b"), base: ETag("version"), signatures: [("ostree.gpgsigs", [4])]),
        ]
        for entry in entries { list.add(entry) }
        #expect(SummarySignatures(parsing: list.serialized()).entries == entries)
        #expect(list.serialized() != list.serialized(), "no two writers put the same")
        for bytes in [[], [1, 2, 3], Array(list.serialized().dropLast(3))] as [[UInt8]] {
            #expect(SummarySignatures(parsing: bytes).entries.isEmpty)
        }
    }

    @Test func `Those stay that are of the summary, or of one that may take its place`() throws {
        func entry(_ name: String, _ base: String?) -> SummarySignatures.Entry {
            .init(summary: checksum(name), base: base.flatMap { ETag($0) }, signatures: [])
        }
        var all = SummarySignatures()
        for (name, base) in [("3", "v1"), ("0", nil), ("2", "v1"), ("1", nil), ("4", "v0")] {
            all.add(entry(name, base))
        }
        func kept(_ name: String, _ version: String) -> [SummarySignatures.Entry] {
            var list = all
            list.reduce(to: checksum(name), ETag(version))
            return list.entries
        }
        #expect(kept("1", "v1") == [entry("1", nil), entry("3", "v1"), entry("2", "v1")])
        #expect(kept("2", "v1") == [entry("2", "v1"), entry("3", "v1")])
        #expect(kept("3", "v3") == [entry("3", "v1")])
        #expect(kept("another", "v1") == all.entries, "nobody knows which")
    }

    @Test(arguments: [false, true])
    func `Between any two requests of one signer, another one may sign, or die`(_ dies: Bool) throws {
        var request = 0
        var wasReached = true
        var names = 0
        while wasReached {
            request += 1
            names += 1
            try push("a/\(names)")
            _ = try view(signers).update()
            try expectSigned("in the beginning")
            names += 1
            try push("a/\(names)")
            let slow = try view(signers)
            let other = try view(signers)
            let count = Locked(0)
            let isSlow = Locked(true)
            before.withLock {
                $0 = { [request] call in
                    try self.expectSigned("before \(call.method) \(call.path), request \(request)")
                    let isTurn =
                        isSlow.withLock { $0 }
                        && count.withLock { count in
                            count += 1
                            return count == request
                        }
                    if isTurn {
                        isSlow.withLock { $0 = false }
                        defer { isSlow.withLock { $0 = true } }
                        do { _ = try other.update(isComplete: true) } catch let error as RepositoryError {
                            #expect(dies && error.code == .busy)
                        }
                    } else if dies, !isSlow.withLock({ $0 }), call.method == "PUT",
                        call.path.hasSuffix("/summary")
                    {
                        return .instead(.close)
                    }
                    return nil
                }
            }
            _ = try slow.update()
            before.withLock { $0 = { _ in nil } }
            wasReached = count.withLock { $0 } >= request
            try expectSigned("in the end")
            #expect(try self.names().count == names)
            // Those that died may still come, until the summary is another one.
            if dies { _ = try view(signers).update(isComplete: true) }
            #expect(list.entries.count == 1, "request \(request)")
        }
        #expect(request > 6)
    }

    @Test(arguments: [false, true])
    func `A signer that dies at any request leaves what readers accept, and the next one goes on`(
        _ hasEffect: Bool
    ) throws {
        var request = 0
        var wasReached = true
        while wasReached {
            request += 1
            try push("a/\(request)")
            _ = try view(signers).update()
            try push("b/\(request)")
            let count = Locked(0)
            before.withLock {
                $0 = { [request] call in
                    let number = count.withLock { count in
                        count += 1
                        return count
                    }
                    if number < request { return nil }
                    return number == request && hasEffect ? .afterwards(.close) : .instead(.close)
                }
            }
            do { _ = try view(signers).update() } catch is S3Error {}
            before.withLock { $0 = { _ in nil } }
            wasReached = count.withLock { $0 } >= request
            try expectSigned("after request \(request)")
            _ = try view(signers).update()
            try expectSigned("in the end")
            #expect(list.entries.count == 1, "request \(request)")
            #expect(try names().count == 2 * request)
        }
        #expect(request > 6)
    }

    @Test func `Those of many that have died are no reason to forget one that is needed`() throws {
        try push("a/1")
        _ = try view(signers).update()
        try push("a/2")
        let before = store["place/summary"]
        var many = list
        let version = ETag(ToyStore.etag(try #require(before)))
        while many.entries.count < SummarySignatures.maximumCount {
            many.add(.init(summary: checksum("\(many.entries.count)"), base: version, signatures: []))
        }
        store["place/summary.sig"] = many.serialized()
        let error = #expect(throws: RepositoryError.self) { _ = try view(signers).update() }
        #expect(error?.code == .busy)
        try expectSigned("beside those that died")
        #expect(store["place/summary"] == before && list == many)
    }

    @Test func `Without a key, a signed summary stays as it is`() throws {
        try push("a/1")
        _ = try view(signers).update()
        let before = store.snapshot
        try push("a/2")
        let error = #expect(throws: RepositoryError.self) { _ = try view([]).update() }
        #expect(error?.code == .notAllowed)
        for key in ["place/summary", "place/summary.sig"] { #expect(store[key] == before[key]?.bytes) }
    }
}
