// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Glibc
import Synchronization

/// An artifact of a size that counts: files of 40 KB in one directory.
struct SampleArtifact {
    let files: [SampleObject]
    let metadata: SampleObject
    let root: SampleObject
    let commit: SampleObject

    var checksum: Checksum { commit.checksum }
    var objects: [SampleObject] { files + [metadata, root, commit] }

    /// Files of the same number are the same in every artifact.
    init(
        _ subject: String, files numbers: ClosedRange<Int>, parent: Checksum? = nil, time: Int = 1_500_000_000
    ) {
        files = numbers.map(SampleArtifact.file)
        metadata = SampleObject.dirmeta()
        root = SampleObject.dirtree(
            files: zip(numbers, files).map { (String(10_000 + $0), $1.checksum.bytes) })
        commit = SampleObject.commit(
            tree: root.checksum.bytes, metadata: metadata.checksum.bytes, parent: parent?.bytes ?? [],
            subject: subject, time: time)
    }

    /// Made once, since hashing them takes longer than most tests.
    private static let known = Mutex<[Int: SampleObject]>([:])

    private static func file(_ number: Int) -> SampleObject {
        if let file = known.withLock({ $0[number] }) { return file }
        var generator = Noise(seed: UInt64(number))
        let file = ArchivedFile(content: (0..<40_000).map { _ in generator.next() }).object()
        known.withLock { $0[number] = file }
        return file
    }
}

/// Bytes that are the same in every run.
private struct Noise {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt8 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state >> 32)
    }
}

extension Repository {
    /// Pushes an artifact and notes that it was used last so many seconds ago.
    func push(_ artifact: SampleArtifact, as refs: String..., usedBefore seconds: Int) throws {
        let changes = refs.map { RefEdit(.named($0), from: .any, to: artifact.checksum) }
        let quarantine = try makeQuarantine(.transient)
        defer { quarantine.discard() }
        for object in artifact.objects { try quarantine.take(object) }
        _ = try quarantine.publish(changes, moves: .forward, merging: .keepsStored)
        for ref in refs { try FileTime(seconds: time(nil) - seconds).set("\(path)/refs/heads/\(ref)") }
    }
}
