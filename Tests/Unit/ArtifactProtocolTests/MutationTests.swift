// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArtifactProtocol

/// Changes bytes as chance has it, the same way for the same seed.
private struct Mutator {
    var generator: XorShift

    mutating func mutate(_ original: [UInt8], keepingFrame: Bool = false) -> [UInt8] {
        var bytes = original
        let first = keepingFrame ? min(FrameHeader.byteCount, bytes.count) : 0
        for _ in 0..<Int.random(in: 1...4, using: &generator) where bytes.count > first {
            let position = Int.random(in: first..<bytes.count, using: &generator)
            switch Int.random(in: 0..<7, using: &generator) {
            case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1:
                bytes[position] = [0, 1, 0x7f, 0x80, 0xff, 0x2f, 0x20].randomElement(using: &generator) ?? 0
            case 2: bytes[position] &+= 1
            case 3: bytes.remove(at: position)
            case 4: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: position)
            case 5:
                let other = Int.random(in: first..<bytes.count, using: &generator)
                bytes.swapAt(position, other)
            default:
                let end = min(bytes.count, position + Int.random(in: 1...16, using: &generator))
                bytes.insert(contentsOf: bytes[position..<end], at: position)
            }
        }
        guard keepingFrame, bytes.count >= FrameHeader.byteCount else { return bytes }
        let size = bytes.count - FrameHeader.byteCount
        let (low, high) = (UInt8(truncatingIfNeeded: size), UInt8(truncatingIfNeeded: size >> 8))
        (bytes[3], bytes[4]) = bytes[0] == UInt8(ascii: "B") ? (high, low) : (low, high)
        return bytes
    }
}

/// Damaged input.
@Suite struct MutationTests {
    @Test(arguments: 1...8)
    func `Damaged input in a frame is refused, or is a message that survives being written and read`(
        seed: UInt64
    ) throws {
        var mutator = Mutator(generator: XorShift(seed: seed))
        let originals = RecordedMessage.valid.map(\.bytes)
        var (read, refused) = (0, 0)
        for round in 0..<2500 {
            let original = originals[round % originals.count]
            let bytes = mutator.mutate(original, keepingFrame: round % 3 != 0)
            do {
                guard let message = try Self.message(bytes) else { continue }
                read += 1
                let header = try #require(try bytes.withUnsafeBytes { try FrameHeader(reading: $0) })
                let again = try Self.message(message.frame(version: header.version, order: header.order))
                if again != message { Issue.record("\(message) became \(String(describing: again))") }
            } catch is ProtocolError {
                refused += 1
            }
        }
        #expect(read > 20)
        #expect(refused > 1000)
    }

    private static func message(_ bytes: [UInt8]) throws -> Message? {
        try bytes.withUnsafeBytes { raw in
            guard let header = try FrameHeader(reading: raw),
                raw.count >= FrameHeader.byteCount + header.bodySize
            else { return nil }
            let body = raw[FrameHeader.byteCount..<FrameHeader.byteCount + header.bodySize]
            return try Message(header: header, body: UnsafeRawBufferPointer(rebasing: body))
        }
    }

    @Test(arguments: Transcript.small)
    func `A damaged conversation stops a receiver, and never with another error`(transcript: Transcript)
        throws
    {
        var mutator = Mutator(generator: XorShift(seed: 11))
        for _ in 0..<300 {
            let bytes = mutator.mutate(transcript.client)
            var run = try ReceiverRun(transcript)
            do {
                try run.feed(bytes)
                try run.session.inputEnded(in: run.buffer)
                if !run.isOver { Issue.record("no complaint about \(bytes)") }
            } catch {
                if run.isOver { Issue.record("a complaint after the end") }
            }
        }
    }

    @Test(arguments: Transcript.all)
    func `Damaged answers stop a client, and never with another error`(transcript: Transcript) throws {
        var mutator = Mutator(generator: XorShift(seed: 13))
        for _ in 0..<200 {
            var session = PushStateMachine(version: transcript.version)
            if transcript.version == .one { _ = try session.begin(Info(mode: 2)) }
            let buffer = StreamBuffer()
            _ = buffer.append(mutator.mutate(transcript.receiver))
            do {
                while try session.next(from: buffer) != nil {}
                try session.inputEnded(in: buffer)
            } catch {}
        }
    }

    private static let archive: [UInt8] = {
        var archive = TarArchive()
        archive.add(extension: "x", TarArchive.record("mtime", "1.5") + TarArchive.record("path", "long"))
        archive.add("short", Array("content".utf8))
        archive.add(extension: "L", String(repeating: "name", count: 40))
        archive.add("member", [UInt8](repeating: 1, count: 600))
        archive.add(extension: "g", TarArchive.record("comment", "nothing"))
        archive.add("last", [])
        return archive.ended()
    }()

    @Test(arguments: 1...4)
    func `Damaged input in a tar stream is refused, or leaves whole members`(seed: UInt64) throws {
        var mutator = Mutator(generator: XorShift(seed: seed))
        var refused = 0
        for round in 0..<500 {
            var bytes = Self.archive
            if round % 2 == 0 {
                bytes = mutator.mutate(bytes)
            } else {
                // A header that is wrong in itself, with the right checksum.
                let start = [0, 1024, 2048, 3072, 4608, 5632].randomElement(using: &mutator.generator) ?? 0
                var header = mutator.mutate(Array(bytes[start..<start + 512]))
                header = Array((header + [UInt8](repeating: 0, count: 512)).prefix(512))
                header.replaceSubrange(148..<156, with: "        ".utf8)
                let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
                header.replaceSubrange(148..<148 + sum.utf8.count, with: sum.utf8)
                bytes.replaceSubrange(start..<start + 512, with: header)
            }
            do {
                let run = try TarRun(bytes)
                let wrong = run.members.contains { $0.isComplete && UInt64($0.content.count) != $0.size }
                if wrong { Issue.record("members of another size in round \(round)") }
                let cut = run.members.contains { !$0.isComplete }
                if run.isEnded, cut || run.position % 10_240 != 0 {
                    Issue.record("an end in the middle in round \(round)")
                }
            } catch is ProtocolError {
                refused += 1
            }
        }
        #expect(refused > 100)
    }
}
