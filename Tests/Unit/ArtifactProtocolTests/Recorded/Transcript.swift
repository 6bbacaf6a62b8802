// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Foundation
import Testing

/// Both directions of a recorded conversation.
struct Transcript: Sendable, CustomTestStringConvertible {
    /// A frame, or a run of raw bytes, that one side sent.
    enum Part: Sendable {
        case frame(Message, Range<Int>)
        /// Version 1: a tar stream.
        case tarStream(Range<Int>)
        /// Version 0: the bytes of one object.
        case object(Range<Int>)
    }

    let name: String
    let version: ProtocolVersion
    /// The client's bytes.
    let client: [UInt8]
    /// The receiver's bytes.
    let receiver: [UInt8]

    static let all: [Transcript] = {
        let directory = ConformanceDirectory.url.appendingPathComponent("transcripts").path
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".c2s") }.sorted().compactMap { file in
            let name = String(file.dropLast(4))
            guard let client = try? ConformanceDirectory.read("transcripts/\(name).c2s"),
                let receiver = try? ConformanceDirectory.read("transcripts/\(name).s2c")
            else { return nil }
            return Transcript(
                name: name, version: name.contains("-v0-") ? .zero : .one, client: client, receiver: receiver)
        }
    }()

    /// Those without objects.
    static var small: [Transcript] { all.filter { $0.client.count < 2000 } }
    /// Those with objects.
    static var large: [Transcript] { all.filter { $0.client.count >= 2000 } }

    var testDescription: String { name }

    /// True if the client went away without a farewell.
    var clientVanishes: Bool { name == "ostree-push-v0-diverged" }

    func clientParts() throws -> [Part] { try Transcript.parts(of: client) }
    func receiverParts() throws -> [Part] { try Transcript.parts(of: receiver) }

    /// The receiver's description of itself.
    func receiverInfo() throws -> Info {
        for case .frame(.info(let info), _) in try receiverParts() { return info }
        throw Unreadable()
    }

    private struct Unreadable: Error {}

    private static func parts(of bytes: [UInt8]) throws -> [Part] {
        var parts: [Part] = []
        var position = 0
        while position < bytes.count {
            let (message, end) = try bytes[position...].withUnsafeBytes { raw in
                let header = try #require(try FrameHeader(reading: raw))
                let size = FrameHeader.byteCount + header.bodySize
                let body = UnsafeRawBufferPointer(rebasing: raw[FrameHeader.byteCount..<size])
                return (try Message(header: header, body: body), position + size)
            }
            parts.append(.frame(message, position..<end))
            position = end
            switch message {
            case .putObjects:
                position = tarBoundaries(in: bytes, from: end).last ?? bytes.count
                parts.append(.tarStream(end..<position))
            case .putObject(let announcement):
                position += Int(announcement.size)
                parts.append(.object(end..<position))
            default: break
            }
        }
        return parts
    }

    /// The offsets at which headers, contents and paddings of a tar stream begin, and at which it ends.
    private static func tarBoundaries(in bytes: [UInt8], from start: Int) -> [Int] {
        var boundaries: [Int] = []
        var position = start
        while position + 512 <= bytes.count, bytes[position] != 0 {
            let digits = String(decoding: bytes[position + 124..<position + 135], as: UTF8.self)
            let size = Int(digits, radix: 8) ?? 0
            boundaries += [position, position + 512, position + 512 + size]
            position += 512 + (size + 511) / 512 * 512
        }
        let end = start + (position - start + 1024 + 10_239) / 10_240 * 10_240
        return boundaries + [position, position + 512, position + 1024, end]
    }

    /// Every place in what the client sent where something ends and something else begins, ascending.
    func clientBoundaries() throws -> [Int] {
        var boundaries: Set<Int> = []
        for part in try clientParts() {
            switch part {
            case .frame(_, let range):
                boundaries.formUnion([range.lowerBound, range.lowerBound + 5, range.upperBound])
            case .object(let range): boundaries.formUnion([range.lowerBound, range.upperBound])
            case .tarStream(let range):
                boundaries.formUnion(Transcript.tarBoundaries(in: client, from: range.lowerBound))
            }
        }
        return boundaries.sorted()
    }
}
