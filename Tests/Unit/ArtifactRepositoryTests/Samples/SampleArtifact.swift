// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Glibc
import Synchronization

/// An artifact of a size that counts: files of 40 KB in one folder.
struct SampleArtifact {
    let files: [SampleObject]
    let metadata: SampleObject
    let root: SampleObject
    let commit: SampleObject

    var checksum: Checksum { commit.checksum }
    var objects: [SampleObject] { files + [metadata, root, commit] }

    /// Files of the same number are the same in every artifact.
    init(_ subject: String, files numbers: ClosedRange<Int>, parent: Checksum? = nil) {
        files = numbers.map(SampleArtifact.file)
        metadata = SampleObject.dirmeta()
        root = SampleObject.dirtree(
            files: zip(numbers, files).map { (String(10_000 + $0), $1.checksum.bytes) })
        commit = SampleObject.commit(
            tree: root.checksum.bytes, metadata: metadata.checksum.bytes, parent: parent?.bytes ?? [],
            subject: subject)
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
        _ = try quarantine.publish(changes, moves: .forward, replaceDetachedMetadata: false)
        for ref in refs { try FileTime(seconds: time(nil) - seconds).set("\(path)/refs/heads/\(ref)") }
    }

    /// The names of all objects, as files.
    func objectNames() throws -> Set<String> {
        Set(
            try FileManager.default.subpathsOfDirectory(atPath: "\(path)/objects").filter { $0.contains(".") }
        )
    }

    /// How much disk they take.
    func objectBytes() throws -> UInt64 {
        try objectNames().reduce(0) { sum, name in
            var status = stat()
            stat("\(path)/objects/\(name)", &status)
            return sum + UInt64(status.st_blocks) * 512
        }
    }

    /// Where an object of an archive repository lies.
    func file(of object: SampleObject) -> String {
        let hex = object.checksum.hex
        let suffix = object.name.type == .file ? "filez" : object.name.type.rawValue
        return "\(path)/objects/\(hex.prefix(2))/\(hex.dropFirst(2)).\(suffix)"
    }

    /// Runs `ostree` with this repository.
    @discardableResult
    func ostree(_ arguments: String...) throws -> String {
        try Command.run(["ostree", "--repo=\(path)"] + arguments)
    }
}

/// When a file was changed, to the nanosecond.
struct FileTime {
    private let time: timespec

    init(seconds: Int) { time = timespec(tv_sec: seconds, tv_nsec: 0) }

    init(of path: String) {
        var status = stat()
        lstat(path, &status)
        time = status.st_mtim
    }

    var seconds: Int { time.tv_sec }

    func set(_ path: String) throws {
        let times = [time, time]
        guard utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw Command.Failure(command: ["utimensat", path], output: String(cString: strerror(errno)))
        }
    }
}
