// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

@Suite("A receiver that hears a recorded client in pieces")
struct SplitInputTests {
    /// Whether cuts at these places make no difference.
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

    @Test("hears the same wherever a small conversation is cut in two", arguments: Transcript.small)
    func everyPosition(transcript: Transcript) throws {
        let whole = try Self.whole(transcript)
        let different = try transcript.client.indices.filter {
            try !Self.isSame(transcript, cutAt: [$0], as: whole)
        }
        #expect(different.isEmpty)
    }

    @Test("hears the same byte by byte", arguments: Transcript.all)
    func bytes(transcript: Transcript) throws {
        let whole = try Self.whole(transcript)
        #expect(try Self.isSame(transcript, cutAt: Array(transcript.client.indices), as: whole))
    }

    /// One of each kind of stream: POSIX tar, GNU tar, version 0.
    private static let kinds = Transcript.large.filter { transcript in
        ["2018.06-fast-forward", "gnu-tar-two-refs", "v0-two-refs"].contains { transcript.name.hasSuffix($0) }
    }

    @Test("hears the same when it is cut in two near the boundary of anything", arguments: kinds)
    func boundaries(transcript: Transcript) throws {
        let whole = try Self.whole(transcript)
        let boundaries = try transcript.clientBoundaries()
        let cuts = Set(boundaries.flatMap { [$0 - 1, $0, $0 + 1] })
        let different = try cuts.filter { cut in
            try transcript.client.indices.contains(cut) && !Self.isSame(transcript, cutAt: [cut], as: whole)
        }
        #expect(boundaries.count > 30)
        #expect(different.isEmpty)
    }

    @Test(
        "hears the same when it is cut at every boundary at once, or beside it", arguments: Transcript.large)
    func allBoundaries(transcript: Transcript) throws {
        let whole = try Self.whole(transcript)
        for shift in -1...1 {
            let cuts = try transcript.clientBoundaries().map {
                min(max($0 + shift, 0), transcript.client.count)
            }
            #expect(try Self.isSame(transcript, cutAt: cuts, as: whole), "\(shift) beside")
        }
    }

    @Test("hears the same when it is cut at random places", arguments: Transcript.large)
    func random(transcript: Transcript) throws {
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

    /// What the session says where its input ends.
    private static func complaint(_ run: ReceiverRun) -> ProtocolError? {
        do {
            try run.session.inputEnded(in: run.buffer)
            return nil
        } catch { return error }
    }

    /// A session is a value, so that one walk through the bytes shows what every truncation would.
    @Test("never takes one that was cut off for a complete one", arguments: Transcript.all)
    func truncation(transcript: Transcript) throws {
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

    @Test("says in a sentence where one was cut off")
    func sentences() throws {
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
