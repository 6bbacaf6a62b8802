// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing
import Variants

/// A receiver that hears a recorded client.
@Suite struct ReceiverTranscriptTests {
    @Test func `A receiver that hears a recorded client has 14 conversations to hear, of both versions`() {
        #expect(Transcript.all.count == 14)
        #expect(Set(Transcript.all.map(\.version)) == [.zero, .one])
        #expect(!SourceObjects.all.isEmpty)
    }

    @Test(arguments: Transcript.all)
    func `A receiver that hears a recorded client answers as the recorded receiver did`(
        transcript: Transcript
    ) throws {
        var run = try ReceiverRun(transcript)
        try run.feed(transcript.client)
        let names = try transcript.receiverInfo().refs.count
        if transcript.version == .zero, names > 1 {
            // The recorded receiver lists its refs in the order of a hash table: the same, but ordered.
            #expect(run.output.count == transcript.receiver.count)
            let frame = try Message.info(transcript.receiverInfo()).frame(version: .zero)
            #expect(run.output.dropFirst(frame.count) == transcript.receiver.dropFirst(frame.count))
        } else {
            #expect(run.output == transcript.receiver)
        }
        #expect(run.buffer.readable.isEmpty)
    }

    @Test(arguments: Transcript.all)
    func `A receiver that hears a recorded client knows how it ended`(transcript: Transcript) throws {
        var run = try ReceiverRun(transcript)
        try run.feed(transcript.client)
        if transcript.clientVanishes {
            #expect(!run.isOver)
            let error = #expect(throws: ProtocolError.self) { try run.session.inputEnded(in: run.buffer) }
            #expect(error?.code == .truncated)
            return
        }
        let publishes = ["two-refs", "fast-forward"].contains { transcript.name.hasSuffix($0) }
        #expect(run.events.last == (publishes ? .publish : .leave))
        #expect(run.events.filter(\.isFinal).count == 1)
        try run.session.inputEnded(in: run.buffer)
    }

    @Test(arguments: Transcript.all)
    func `A receiver that hears a recorded client hears which refs are wanted where`(transcript: Transcript)
        throws
    {
        var run = try ReceiverRun(transcript)
        try run.feed(transcript.client)
        let updates = run.events.flatMap { if case .update(let list) = $0 { list } else { [RefEdit]() } }
        let wanted = updates.map {
            "\($0.ref) \($0.previous.commit?.hex.prefix(8) ?? "-") \($0.new?.hex.prefix(8) ?? "-")"
        }
        let current = try transcript.receiverInfo().refs
        #expect(updates.allSatisfy { $0.previous.commit == current[$0.ref] })
        switch transcript.name.split(separator: "-").last {
        case "refs": #expect(wanted == ["demo/hello/aaaa - 34137b31", "demo/hello/bbbb - 34137b31"])
        case "forward": #expect(wanted == ["demo/branch 9e23a23d 9cb1bb7c"])
        case "diverged": #expect(wanted.count == 1 && wanted[0].hasSuffix(" 9cb1bb7c"))
        default: #expect(wanted.isEmpty)
        }
    }

    @Test(arguments: Transcript.large)
    func `A receiver that hears a recorded client receives the objects of the source repository`(
        transcript: Transcript
    ) throws {
        var run = try ReceiverRun(transcript)
        try run.feed(transcript.client)
        var count = 0
        for case .object(let name, let size, let bytes) in run.events {
            count += 1
            #expect(size == UInt64(bytes.count))
            guard case .object(let name) = name else { continue }
            #expect(SourceObjects.all[name.fileName] == bytes, "\(name)")
        }
        // 13 objects make up either commit, and an object is sent once.
        #expect(count == 13)
        #expect(run.objects.count == 13)
        #expect(run.objects.keys.count { $0.hasSuffix(".commit") } >= 1)
    }

    @Test(arguments: Transcript.all)
    func `A receiver that hears a recorded client takes the same from a client of the other byte order`(
        transcript: Transcript
    ) throws {
        var swapped: [UInt8] = []
        for part in try transcript.clientParts() {
            switch part {
            case .tarStream(let range), .object(let range): swapped += transcript.client[range]
            case .frame(let message, let range):
                let body = Array(transcript.client[range].dropFirst(FrameHeader.byteCount))
                let variant = try Variant(parsing: body, as: "a{sv}", order: .little)
                let header = FrameHeader(
                    order: .big, version: transcript.version, type: message.type, bodySize: body.count)
                swapped += header.bytes + variant.serialized(order: .big)
            }
        }
        #expect(swapped.count == transcript.client.count && swapped != transcript.client)
        var (recorded, run) = (try ReceiverRun(transcript), try ReceiverRun(transcript))
        try recorded.feed(transcript.client)
        try run.feed(swapped)
        #expect(run.events == recorded.events)
        #expect(run.output == recorded.output)
    }
}
