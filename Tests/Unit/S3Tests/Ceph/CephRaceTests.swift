// SPDX-License-Identifier: Apache-2.0

import S3Samples
import SystemCalls
import TestSupport
import Testing

@testable import S3

/// Makes three of ten attempts fail, before or behind their effect.
private struct RandomFaults: RequestObserver {
    func willSend(_ request: ObservedRequest) -> RequestFault? {
        guard Int.random(in: 0..<10) < 3 else { return nil }
        return [.refused, .rejected(status: 503), .lostAnswer, .failedAnswer(status: 500)].randomElement()
    }

    func didReceive(_ request: ObservedRequest, status: Int) {}
}

/// Conditional writes by many at once, over two gateways, also where answers are lost.
@Suite struct CephRaceTests {
    private static let threads = 8

    /// Runs a body on several threads, each with a client of one of the gateways.
    private func race(
        _ bucket: CephBucket, isFaulty: Bool, _ body: @escaping @Sendable (Int, S3Client) throws -> Void
    ) throws {
        let clients = try (0..<2).map { gateway in
            try bucket.client(gateway: gateway) { configuration in
                configuration.retries.firstDelay = .milliseconds(5)
                // Ten faults one after the other are rare, but not rare enough.
                configuration.retries.attempts = 30
                #if DEBUG
                    configuration.observer = isFaulty ? RandomFaults() : nil
                #endif
            }
        }
        let failures = Locked<[String]>([])
        let threads = try (0..<CephRaceTests.threads).map { number in
            try Thread {
                do {
                    try body(number, clients[number % 2])
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(failures.withLock { $0 } == [])
    }

    @Test(arguments: [false, true])
    func `Of those who create a key at the same time, one does`(_ isFaulty: Bool) throws {
        let bucket = try CephBucket()
        let winners = Locked<[[Int]]>(Array(repeating: [], count: 30))
        let seen = Locked<[Set<String>]>(Array(repeating: [], count: 30))
        try race(bucket, isFaulty: isFaulty) { number, client in
            for round in 0..<30 {
                let bytes = [UInt8]("\(round) by \(number)")
                switch try client.createOrRead(bucket.location.key("log/\(round)"), bytes, limit: 100) {
                case .written:
                    winners.withLock { $0[round].append(number) }
                    _ = seen.withLock { $0[round].insert(String(decoding: bytes, as: UTF8.self)) }
                case .other(let object):
                    let text = String(decoding: object?.bytes ?? [], as: UTF8.self)
                    _ = seen.withLock { $0[round].insert(text) }
                }
            }
        }
        #expect(winners.withLock { $0 }.allSatisfy { $0.count == 1 })
        #expect(seen.withLock { $0 }.allSatisfy { $0.count == 1 })
    }

    @Test(arguments: [false, true])
    func `No acknowledged replacement of a counter is lost`(_ isFaulty: Bool) throws {
        let bucket = try CephBucket()
        let key = bucket.location.key("counter")
        _ = try bucket.client().run(.put(key, [UInt8]("0 start")))
        let acknowledged = Locked<[Int]>([])
        try race(bucket, isFaulty: isFaulty) { number, client in
            var wins = 0
            while wins < 10 {
                guard let object = try client.run(.get(key, limit: 100)).found,
                    let etag = object.attributes.etag
                else {
                    throw TestSupportError("the counter has gone")
                }
                let text = String(decoding: object.bytes, as: UTF8.self)
                let next = (Int(text.prefix { $0 != " " }) ?? -1000) + 1
                let bytes = [UInt8]("\(next) by \(number) try \(UInt32.random(in: 0 ... .max))")
                guard case .written = try client.replaceOrRead(key, bytes, replacing: etag, limit: 100) else {
                    continue
                }
                acknowledged.withLock { $0.append(next) }
                wins += 1
            }
        }
        let values = acknowledged.withLock { $0 }.sorted()
        guard isFaulty else {
            #expect(values == Array(1...80))
            return
        }
        // One whose answer was lost, and that somebody else has built upon already, counts for nobody.
        #expect(values.count == 80 && Set(values).count == 80)
        let last = try #require(bucket.client().run(.get(key, limit: 100)).found)
        #expect(try #require(Int(String(decoding: last.bytes, as: UTF8.self).prefix { $0 != " " })) >= 80)
    }
}
