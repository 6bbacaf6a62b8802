// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

/// A receiver that hears a recorded client in pieces.
@Suite struct SplitInputTests {
    /// Returns true if cuts at these places make no difference.
    private static func isSame(_ transcript: Transcript, cutAt cuts: [Int], as whole: ReceiverRun) throws
        -> Bool
    {
        var run = try ReceiverRun(transcript)
        var start = 0
        for cut in cuts + [transcript.client.count] {
            try run.feed(transcript.client[start..<cut])
            start = cut
        }
        return run.events == whole.events && run.output == whole.output
    }

    private static func whole(_ transcript: Transcript) throws -> ReceiverRun {
        var run = try ReceiverRun(transcript)
        try run.feed(transcript.client)
        return run
    }

    @Test(arguments: Transcript.small)
    func `A receiver hears the same wherever a small conversation is cut in two`(transcript: Transcript)
        throws
    {
        let whole = try Self.whole(transcript)
        let different = try transcript.client.indices.filter {
            try !Self.isSame(transcript, cutAt: [$0], as: whole)
        }
        #expect(different.isEmpty)
    }

    @Test(arguments: Transcript.all)
    func `A receiver hears the same byte by byte`(transcript: Transcript) throws {
        let whole = try Self.whole(transcript)
        #expect(try Self.isSame(transcript, cutAt: Array(transcript.client.indices), as: whole))
    }

    /// One of each kind of stream: POSIX tar, GNU tar, version 0.
    private static let kinds = Transcript.large.filter { transcript in
        ["2018.06-fast-forward", "gnu-tar-two-refs", "v0-two-refs"].contains { transcript.name.hasSuffix($0) }
    }

    @Test(arguments: kinds)
    func `A receiver hears the same when it is cut in two near the boundary of anything`(
        transcript: Transcript
    ) throws {
        let whole = try Self.whole(transcript)
        let boundaries = try transcript.clientBoundaries()
        let cuts = Set(boundaries.flatMap { [$0 - 1, $0, $0 + 1] })
        let different = try cuts.filter { cut in
            try transcript.client.indices.contains(cut) && !Self.isSame(transcript, cutAt: [cut], as: whole)
        }
        #expect(boundaries.count > 30)
        #expect(different.isEmpty)
    }

    @Test(arguments: Transcript.large)
    func `A receiver hears the same when it is cut at every boundary at once, or beside it`(
        transcript: Transcript
    ) throws {
        let whole = try Self.whole(transcript)
        for shift in -1...1 {
            let cuts = try transcript.clientBoundaries().map {
                min(max($0 + shift, 0), transcript.client.count)
            }
            #expect(try Self.isSame(transcript, cutAt: cuts, as: whole), "\(shift) beside")
        }
    }

    @Test(arguments: Transcript.large)
    func `A receiver hears the same when it is cut at random places`(transcript: Transcript) throws {
        let whole = try Self.whole(transcript)
        var generator = XorShift(seed: 7)
        for round in 0..<18 {
            let cuts = (0..<15).map { _ in Int.random(in: transcript.client.indices, using: &generator) }
            #expect(try Self.isSame(transcript, cutAt: cuts.sorted(), as: whole), "round \(round)")
        }
        let different = try (0..<30).map { _ in Int.random(in: transcript.client.indices, using: &generator)
        }
        .filter { try !Self.isSame(transcript, cutAt: [$0], as: whole) }
        #expect(different.isEmpty)
    }

    /// The session's error where its input ends.
    private static func complaint(_ run: ReceiverRun) -> ProtocolError? {
        do {
            try run.session.inputEnded(in: run.buffer)
            return nil
        } catch { return error }
    }

    /// A session is a value, so that one walk through the bytes shows what every truncation would.
    @Test(arguments: Transcript.all)
    func `A receiver never takes a client that was cut off for a complete one`(transcript: Transcript) throws
    {
        var run = try ReceiverRun(transcript)
        var wrong: [String] = []
        for position in transcript.client.indices {
            if run.isOver { wrong.append("over after \(position) bytes") }
            let error = Self.complaint(run)
            if error?.code != .truncated { wrong.append("\(error as Any) after \(position) bytes") }
            try run.feed(transcript.client[position...position])
        }
        #expect(wrong.isEmpty)
        #expect(run.isOver != transcript.clientVanishes)
    }

    @Test func `A receiver says in a sentence where a client was cut off`() throws {
        let transcript = try #require(Transcript.large.first { $0.version == .one })
        var run = try ReceiverRun(transcript)
        var places: Set<String> = []
        for position in transcript.client.indices {
            let place = Self.complaint(run)?.description.split(separator: ",").first ?? ""
            places.insert(String(place))
            if position > 6000 { break }
            try run.feed(transcript.client[position...position])
        }
        #expect(
            places.isSuperset(of: [
                "the client went away where info was due", "the client went away in the middle of info",
                "the client went away where update was due", "the client went away in the middle of update",
                "the client went away where putobjects or done was due",
                "the client went away where an object was due",
                "the client went away in the middle of the object stream",
            ]))
    }
}
