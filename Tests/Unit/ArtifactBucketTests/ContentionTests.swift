// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import S3Samples
import SystemCalls
import TestSupport
import Testing

@testable import ArtifactBucket

/// Publications to which others are quicker.
@Suite struct ContentionTests {
    private let store: ToyStore
    private let sample: BucketSample
    /// Called before the first entry that is put.
    private let rival: Locked<(@Sendable () throws -> Void)?>

    init() throws {
        let rival = Locked<(@Sendable () throws -> Void)?>(nil)
        self.rival = rival
        store = try ToyStore { request in
            guard request.method == "PUT", request.path.contains("/bst-artifact/log/") else { return nil }
            let act = rival.withLock { rival in
                defer { rival = nil }
                return rival
            }
            do { try act?() } catch { Issue.record(error) }
            return nil
        }
        sample = try BucketSample()
        _ = try BucketStore.make(store.client(), author: "a test")
    }

    private func push(_ name: String, _ commit: Checksum) throws {
        let edit = RefEdit(try ref(name), from: .mustNotExist, to: commit)
        try sample.push([edit], to: sample.store(store.client()))
    }

    private func lists(of name: String) -> Int {
        store.server.requests.count { $0.target.contains("list-type") && $0.target.contains(name) }
    }

    @Test func `Where others publish elsewhere, nobody lists again what is below a new ref`() throws {
        let commit = try sample.commit("source", ["file": "content"])
        rival.withLock { $0 = { try self.push("other/ref", commit) } }
        try push("own/ref", commit)
        #expect(lists(of: "own") == 1)
        #expect(try sample.store(store.client()).position.sequence == 2)
    }

    /// 40 refs each time are moved into the state by the second publication.
    @Test(arguments: [0, 1, 2])
    func `A ref that others have put below a new one is found, also in the state`(_ others: Int) throws {
        let commit = try sample.commit("source", ["file": "content"])
        rival.withLock {
            $0 = {
                try self.push("own/ref/below", commit)
                for number in 0..<others {
                    let edits = try (0..<40).map {
                        RefEdit(try ref("more/\(number)/\($0)"), from: .mustNotExist, to: commit)
                    }
                    try self.sample.push(edits, to: self.sample.store(self.store.client()))
                }
            }
        }
        let error = #expect(throws: RepositoryError.self) { try push("own/ref", commit) }
        #expect(error?.code == .conflict)
        let entry = try sample.store(store.client()).position.newest.entry
        #expect((entry.base > 0) == (others == 2))
    }

    @Test func `Who has few rivals tries again at once, and who has many waits`() throws {
        var contention = Contention()
        for _ in 0..<Contention.patientLosses { #expect(try !contention.wait(after: .seconds(3600), nil)) }
        for _ in 0..<3 { #expect(try contention.wait(after: .zero, nil)) }
        #expect(contention.losses == Contention.patientLosses + 3)
    }
}
