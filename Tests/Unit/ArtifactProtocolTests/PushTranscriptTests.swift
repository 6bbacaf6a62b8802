// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

/// A client that hears a recorded receiver.
@Suite struct PushTranscriptTests {
    private static func play(_ transcript: Transcript, _ chunks: [ArraySlice<UInt8>]) throws -> PushRun {
        var run = PushRun(transcript.version, receiver: chunks)
        try run.play(transcript)
        return run
    }

    @Test(arguments: Transcript.all)
    func `A client that hears a recorded receiver sends the frames that the recorded client sent`(
        transcript: Transcript
    ) throws {
        let run = try Self.play(transcript, [transcript.receiver[...]])
        let recorded = try transcript.clientParts().compactMap { part in
            if case .frame(_, let range) = part { Array(transcript.client[range]) } else { nil }
        }
        #expect(run.frames == recorded)
        if transcript.version == .zero { #expect(run.sent == transcript.client) }
    }

    @Test(arguments: Transcript.all)
    func `A client that hears a recorded receiver hears every answer, and nothing is left of them`(
        transcript: Transcript
    ) throws {
        let run = try Self.play(transcript, [transcript.receiver[...]])
        let recorded: [PushStateMachine.Answer] = try transcript.receiverParts().compactMap { part in
            switch part {
            case .frame(.info(let info), _): .info(info)
            case .frame(.status(let status), _): .status(status)
            case .frame(.done, _): .done
            default: nil
            }
        }
        #expect(run.answers == recorded)
        #expect(run.buffer.readable.isEmpty)
        #expect(run.session.unacknowledgedObjects == 0)
        if transcript.clientVanishes {
            #expect(throws: ProtocolError.self) { try run.session.inputEnded(in: run.buffer) }
        } else {
            try run.session.inputEnded(in: run.buffer)
        }
    }

    @Test(arguments: Transcript.all)
    func `A client that hears a recorded receiver is understood by our receiver as the recorded client was`(
        transcript: Transcript
    ) throws {
        let run = try Self.play(transcript, [transcript.receiver[...]])
        var (recorded, ours) = (try ReceiverRun(transcript), try ReceiverRun(transcript))
        try recorded.feed(transcript.client)
        try ours.feed(run.sent)
        #expect(ours.events == recorded.events)
        #expect(ours.output == recorded.output)
    }

    @Test(arguments: Transcript.all)
    func `A client that hears a recorded receiver hears the same wherever the answers are cut in two`(
        transcript: Transcript
    ) throws {
        let whole = try Answers(transcript).read([transcript.receiver[...]])
        let different = transcript.receiver.indices.filter { position in
            let chunks = [transcript.receiver[..<position], transcript.receiver[position...]]
            return (try? Answers(transcript).read(chunks)) != whole
        }
        #expect(different.isEmpty)
        let bytes = transcript.receiver.indices.map { transcript.receiver[$0...$0] }
        #expect(try Answers(transcript).read(bytes) == whole)
    }

    @Test(arguments: Transcript.all)
    func `A client never believes that it succeeded when the recorded answers are cut off`(
        transcript: Transcript
    ) throws {
        for position in transcript.receiver.indices {
            let error = #expect(throws: ProtocolError.self) {
                try Answers(transcript).read([transcript.receiver[..<position]])
            }
            #expect(error?.code == .truncated, "after \(position) bytes")
        }
    }
}

/// Puts a session into the states in which the recorded client read its answers, without sending any object's bytes.
private struct Answers {
    let version: ProtocolVersion
    private let messages: [Message]

    init(_ transcript: Transcript) throws {
        version = transcript.version
        messages = try transcript.clientParts().compactMap { part in
            if case .frame(let message, _) = part { message } else { nil }
        }
    }

    @discardableResult
    func read(_ chunks: [ArraySlice<UInt8>]) throws -> [PushStateMachine.Answer] {
        var run = PushRun(version, receiver: chunks)
        var hasBegun = false
        for message in messages {
            switch message {
            case .info(let info): _ = try run.session.begin(info)
            case .update(let updates):
                try run.answer()
                _ = try run.session.update(updates)
            case .putObjects, .putObject:
                if !hasBegun {
                    try run.answer()
                    _ = try run.session.beginObjects()
                }
                hasBegun = true
                guard case .putObject(let announcement) = message else { continue }
                let name = try #require(ObjectName(fileName: announcement.fileName))
                _ = try run.session.objectHeader(name, size: announcement.size, isLast: false)
                try run.answer()
            case .done where hasBegun:
                _ = try run.session.end()
                try run.answer()
            default: try run.answer()
            }
        }
        if version == .zero, messages.count == 1, case .update = messages[0] { try run.answer() }
        return run.answers
    }
}
