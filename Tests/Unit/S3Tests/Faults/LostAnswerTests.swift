// SPDX-License-Identifier: Apache-2.0

import S3Samples
import SystemCalls
import TestSupport
import Testing

@testable import S3

/// Conditional puts of which it is not known if they had their effect.
@Suite struct LostAnswerTests {
    private static let bytes = [UInt8]("ours 4711")

    /// The answers of stores that fail although they did the right thing.
    private static let losses: [ScriptedServer.Answer] = [
        .close, .status(500), .text(503, "busy"),
        .cut(200, headers: ["Content-Length: 10"], body: [1, 2], after: 1),
    ]

    private func store(_ conditions: ToyStore.Conditions = .kept, losing answer: ScriptedServer.Answer) throws
        -> ToyStore
    {
        let first = Locked(true)
        return try ToyStore(conditions) { request in
            guard request.method == "PUT", request.body == LostAnswerTests.bytes else { return nil }
            return first.withLock { isFirst in
                defer { isFirst = false }
                return isFirst ? .afterwards(answer) : nil
            }
        }
    }

    @Test(arguments: LostAnswerTests.losses)
    func `A put that finds its own object does not call it somebody else's`(_ answer: ScriptedServer.Answer)
        throws
    {
        let store = try store(losing: answer)
        let client = try store.client()
        // The connection has been used before, so that libcurl would repeat the request by itself.
        _ = try client.run(.put("other", []))
        #expect(try client.run(.put("key", LostAnswerTests.bytes, if: .ifAbsent)) == .unknown)
        #expect(store["key"] == LostAnswerTests.bytes)
        #expect(store.methods == ["PUT", "PUT", "PUT"])
        #expect(client.counts.description == "3 put")
    }

    @Test(arguments: LostAnswerTests.losses)
    func `Reading back tells that it was written`(_ answer: ScriptedServer.Answer) throws {
        let store = try store(losing: answer)
        let client = try store.client()
        _ = try client.run(.head("warm-up"))
        guard case .written = try client.createOrRead("key", LostAnswerTests.bytes, limit: 100) else {
            Issue.record("our own object was taken for another's")
            return
        }
        #expect(store.methods == ["HEAD", "PUT", "PUT", "GET"])
    }

    @Test func `Reading back tells that somebody else was there first`() throws {
        let theirs = [UInt8]("theirs")
        let store = try ToyStore { request in
            request.method == "PUT" && request.number == 1 ? .instead(.close) : nil
        }
        store["key"] = theirs
        let client = try store.client()
        let result = try client.createOrRead("key", LostAnswerTests.bytes, limit: 100)
        guard case .other(let object?) = result else {
            Issue.record("their object was taken for ours")
            return
        }
        #expect(object.bytes == theirs)
    }

    @Test func `The same bytes of somebody else are somebody else's where no answer was lost`() throws {
        let store = try ToyStore()
        store["key"] = LostAnswerTests.bytes
        guard case .other = try store.client().createOrRead("key", LostAnswerTests.bytes, limit: 100) else {
            Issue.record("their object was taken for ours")
            return
        }
    }

    @Test(arguments: LostAnswerTests.losses)
    func `A replacement whose answer was lost is settled by reading`(_ answer: ScriptedServer.Answer) throws {
        let store = try store(losing: answer)
        store["key"] = [UInt8]("before")
        let client = try store.client()
        let version = ETag(ToyStore.etag([UInt8]("before")))
        let result = try client.replaceOrRead("key", LostAnswerTests.bytes, replacing: version, limit: 100)
        #expect(result == .written(ETag(ToyStore.etag(LostAnswerTests.bytes))))
        #expect(
            try client.replaceOrRead("none", LostAnswerTests.bytes, replacing: version, limit: 100)
                == .other(nil))
    }

    @Test func `A store that stays silent leaves the outcome unknown`() throws {
        let store = try ToyStore { request in request.method == "PUT" ? .afterwards(.close) : nil }
        let client = try store.client()
        let error = s3Error { _ = try client.run(.put("key", LostAnswerTests.bytes, if: .ifAbsent)) }
        #expect(error?.code == .outcomeUnknown)
        #expect(error?.description.hasPrefix("cannot tell if s3://toy/key was written: ") == true)
        // Reading settles it all the same.
        guard case .written = try client.createOrRead("key", LostAnswerTests.bytes, limit: 100) else {
            Issue.record("our own object was taken for another's")
            return
        }
    }

    @Test func `A put that never reached the store has had no effect`() throws {
        let server = try ScriptedServer { _ in .close }
        server.stop()
        let client = try server.client()
        #expect(s3Error { _ = try client.run(.put("key", [], if: .ifAbsent)) }?.code == .unreachable)
        #expect(client.counts.total == 0)
    }

    @Test func `A put without a condition is repeated until it is confirmed`() throws {
        let store = try store(losing: .close)
        let client = try store.client()
        guard case .stored = try client.run(.put("key", LostAnswerTests.bytes)) else {
            Issue.record("it was not stored")
            return
        }
        #expect(store["key"] == LostAnswerTests.bytes)
    }

    @Test(arguments: losses)
    func `A removal that must not be repeated is not`(_ answer: ScriptedServer.Answer) throws {
        let store = try ToyStore { request in
            request.method == "DELETE" ? .afterwards(answer) : nil
        }
        let client = try store.client()
        store["key"] = [1]
        _ = try client.run(.head("key"))
        let error = s3Error { try client.run(.delete("key", repeating: false)) }
        #expect(error?.code == .outcomeUnknown)
        #expect(error?.description.hasPrefix("cannot tell if s3://toy/key was removed: ") == true)
        #expect(store.methods == ["HEAD", "DELETE"])
        #expect(store["key"] == nil)
        let busy = try ScriptedServer { $0.number == 1 ? .status(429) : .status(204) }
        try busy.client().run(.delete("key", repeating: false))
        #expect(busy.requests.count == 2)
    }

    @Test func `An observer makes the same faults`() throws {
        #if DEBUG
            let store = try ToyStore()
            for fault in [
                RequestFault.refused, .rejected(status: 503), .lostAnswer, .failedAnswer(status: 500),
            ] {
                let observer = FirstPut(fault)
                let client = try store.client { $0.observer = observer }
                guard
                    case .written = try client.createOrRead(
                        "\(observer.identity)", LostAnswerTests.bytes, limit: 100)
                else {
                    Issue.record("\(fault): our own object was taken for another's")
                    continue
                }
                let wasSent = fault == .lostAnswer || fault == .failedAnswer(status: 500)
                #expect(observer.statuses == (wasSent ? [200, 412, 200] : [200]))
            }
        #endif
    }
}

/// Makes a fault out of the first attempt at a put.
private final class FirstPut: RequestObserver {
    private let fault: RequestFault
    private let seen = Locked<[Int]>([])
    let identity = UInt32.random(in: 0 ... .max)

    init(_ fault: RequestFault) { self.fault = fault }

    var statuses: [Int] { seen.withLock { $0 } }

    func willSend(_ request: ObservedRequest) -> RequestFault? {
        request.kind == .put && request.attempt == 1 ? fault : nil
    }

    func didReceive(_ request: ObservedRequest, status: Int) {
        seen.withLock { $0.append(status) }
    }
}
