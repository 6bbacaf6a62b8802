// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3Samples
import SystemCalls
import TestSupport
import Testing

@testable import ArtifactBucket
@testable import S3

/// Publications by many at once, over two gateways.
@Suite struct PublicationLogTests {
    private let bucket: CephBucket

    init() throws {
        bucket = try CephBucket()
        #expect(try PublicationLog(bucket.client()).begin(author: "a test"))
    }

    private static let writers = 6
    private static let rounds = 25

    /// Moves a ref from wherever it is to another commit.
    private func move(_ refs: [RefName], to commit: Checksum, in log: PublicationLog) throws -> LogEntry {
        try log.append(author: "a test") { entry, position in
            entry.append(
                try refs.map { ref in
                    RefEditResult(ref, .moved, from: try log.commit(of: ref, at: position), to: commit)
                })
            return true
        }.newest.entry
    }

    @Test(arguments: [false, true])
    func `None is lost, and all follow one another, also where answers are lost`(_ isFaulty: Bool) throws {
        let shared = RefName("shared/ref")!
        let published = Locked<[UInt64: Checksum]>([:])
        let failures = Locked<[String]>([])
        let threads = try (0..<PublicationLogTests.writers).map { number in
            let client = try bucket.client(gateway: number % 2) { if isFaulty { $0.addFaults() } }
            return try Thread {
                let log = PublicationLog(client)
                do {
                    for round in 0..<PublicationLogTests.rounds {
                        let commit = checksum("\(number) \(round)")
                        let own = RefName("own/\(number)/\(round)")!
                        let entry = try move([shared, own], to: commit, in: log)
                        published.withLock { $0[entry.sequence] = commit }
                    }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(failures.withLock { $0 } == [])
        let count = PublicationLogTests.writers * PublicationLogTests.rounds
        let log = PublicationLog(try bucket.client())
        let position = try log.newest()
        #expect(position.newest.entry.sequence == UInt64(count))
        #expect(published.withLock(\.count) == count, "each has an entry of its own")
        var previous = try #require(try log.entry(0))
        var current: Checksum?
        for sequence in 1...UInt64(count) {
            let read = try #require(try log.entry(sequence))
            #expect(read.entry.previous == previous.digest)
            let own = Array(read.entry.ownEdits)
            #expect(
                own.count == 2 && own[0].old == current && own[0].new == published.withLock { $0[sequence] })
            current = own[0].new
            previous = read
        }
        let refs = try log.refs(at: position)
        #expect(refs.count == count + 1)
        for (ref, commit) in refs where ref != shared {
            #expect(commit == (try log.commit(of: ref, at: position)))
        }
        #expect(try log.commit(of: shared, at: position) == current)
        // Most edits are in the state.
        #expect(position.newest.entry.edits.count <= PublicationLog.editLimit.count * 2 + 2)
    }

    @Test func `Whoever has read an old entry sees what came since before it publishes`() throws {
        let log = PublicationLog(try bucket.client())
        let old = try log.newest()
        let ref = RefName("a/b")!
        for number in 0..<3 { _ = try move([ref], to: checksum("\(number)"), in: log) }
        var seen: [Checksum?] = []
        let position = try log.append(from: old, author: "slow") { entry, position in
            seen.append(try log.commit(of: ref, at: position))
            entry.append([RefEditResult(ref, .moved, from: seen.last ?? nil, to: checksum("last"))])
            return true
        }
        // Those between may be passed over.
        #expect(seen.first == .some(nil) && seen.last == checksum("2"), "\(seen)")
        #expect(position.newest.entry.sequence == 4)
    }

    @Test func `A publication that gives up changes nothing, and a cache is begun once`() throws {
        let log = PublicationLog(try bucket.client())
        #expect(try log.begin(author: "again") == false)
        let position = try log.append(author: "nobody") { _, _ in false }
        #expect(position.newest.entry.sequence == 0)
        #expect(throws: CancellationError.self) {
            _ = try log.append(author: "nobody") { _, _ in throw CancellationError() }
        }
        #expect(try log.newest().newest.entry.sequence == 0)
        let elsewhere = PublicationLog(try CephBucket().client())
        let error = #expect(throws: RepositoryError.self) { _ = try elsewhere.newest() }
        #expect(error.map { "\($0)" }?.contains("bst-artifact init s3://") == true)
    }
}
