// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// The beginnings of large files that an interrupted transfer has left.
@Suite struct FragmentTests {
    private let scratch: TemporaryDirectory
    private let purpose = QuarantinePurpose.resumable(.pull, for: [(.named("p/a"), sha256([]))])
    private let object: SampleObject

    init() throws {
        scratch = try TemporaryDirectory()
        // Stored blocks of deflate, so that each byte of the file counts.
        let content = SampleTree.noise(count: 4 << 20, seed: 5)
        let blocks = stride(from: 0, to: content.count, by: 1 << 15).flatMap { start -> [UInt8] in
            let end = min(start + 1 << 15, content.count)
            var block = ArchivedFile.deflated(Array(content[start..<end]))
            if end < content.count { block[0] = 0 }
            return block
        }
        object = ArchivedFile(content: content).object(body: blocks)
    }

    /// Brings the first bytes of the object, as a process that dies does.
    private func interrupt(
        _ repository: Repository, after count: Int, of total: Int?? = nil, from offset: UInt64 = 0
    ) throws {
        let quarantine = try repository.makeQuarantine(purpose)
        let size = (total ?? object.bytes.count).map(UInt64.init)
        let incoming = try #require(try quarantine.receive(object.name, size: size, from: offset))
        try object.bytes[Int(offset)..<count].withUnsafeBytes(incoming.write)
        quarantine.leave()
    }

    /// Brings the rest, which must be right.
    private func finish(_ repository: Repository, from offset: UInt64) throws {
        let quarantine = try repository.makeQuarantine(purpose)
        #expect(quarantine.fragmentSize(of: object.name) >= offset)
        try take(in: quarantine, from: offset)
        try quarantine.settle()
        #expect(try quarantine.holds(object.name))
        #expect(try fragments(repository).isEmpty)
        quarantine.discard()
        #expect(try repository.quarantines().isEmpty)
    }

    private func take(in quarantine: any Quarantine, from offset: UInt64) throws {
        let size = UInt64(object.bytes.count)
        let incoming = try #require(try quarantine.receive(object.name, size: size, from: offset))
        try object.bytes[Int(offset)...].withUnsafeBytes(incoming.write)
        try incoming.finish()
    }

    private func left(_ repository: Repository) throws -> UInt64 {
        let quarantine = try repository.makeQuarantine(purpose)
        defer { quarantine.leave() }
        return quarantine.fragmentSize(of: object.name)
    }

    private func fragments(_ repository: Repository) throws -> [String] {
        try repository.quarantines().flatMap { name in
            let incoming = "\(repository.path)/tmp/\(name)/incoming"
            return try FileManager.default.contentsOfDirectory(atPath: incoming).map { "\(incoming)/\($0)" }
        }
    }

    @Test(arguments: [RepositoryMode.archive, .bareUser, .bareUserOnly], [0, 1, 100_000])
    func `A large file is continued behind its fragment, or within it`(mode: RepositoryMode, less: UInt64)
        throws
    {
        let repository = try scratch.repository(mode)
        try interrupt(repository, after: 3 << 20)
        let size = try left(repository)
        #expect(size > 5 << 19 && size < 3 << 20)
        try finish(repository, from: size - less)
    }

    @Test(arguments: [RepositoryMode.archive, .bareUser])
    func `A file is continued as often as it breaks off`(mode: RepositoryMode) throws {
        let repository = try scratch.repository(mode)
        try interrupt(repository, after: 2 << 20)
        let first = try left(repository)
        try interrupt(repository, after: 7 << 19, from: first)
        let second = try left(repository)
        #expect(second > first && second < 7 << 19)
        try finish(repository, from: second)
    }

    @Test(arguments: [RepositoryMode.archive, .bareUser])
    func `A fragment with a wrong byte is found out, and goes`(mode: RepositoryMode) throws {
        let repository = try scratch.repository(mode)
        try interrupt(repository, after: 3 << 20)
        let path = try #require(try fragments(repository).first)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count / 2] ^= 0xff
        try bytes.write(to: URL(fileURLWithPath: path))
        let quarantine = try repository.makeQuarantine(purpose)
        try take(in: quarantine, from: quarantine.fragmentSize(of: object.name))
        let failure = quarantine.takeVerdicts(waiting: true).first?.failure as? RepositoryError
        #expect(failure?.code == .badObject)
        #expect(try quarantine.fragmentSize(of: object.name) == 0 && fragments(repository).isEmpty)
        try take(in: quarantine, from: 0)
        try quarantine.settle()
        quarantine.discard()
    }

    @Test func `A fragment of a file of another size is not used, and goes`() throws {
        let repository = try scratch.repository(.archive)
        try interrupt(repository, after: 3 << 20, of: object.bytes.count + 1)
        let quarantine = try repository.makeQuarantine(purpose)
        #expect(throws: RepositoryError.self) {
            try take(in: quarantine, from: quarantine.fragmentSize(of: object.name))
        }
        #expect(try quarantine.fragmentSize(of: object.name) == 0 && fragments(repository).isEmpty)
        try take(in: quarantine, from: 0)
        try quarantine.settle()
        quarantine.discard()
    }

    @Test func `A fragment goes where its file is received from the beginning`() throws {
        let repository = try scratch.repository(.archive)
        try interrupt(repository, after: 3 << 20)
        let quarantine = try repository.makeQuarantine(purpose)
        _ = try quarantine.receive(object.name, size: nil)
        #expect(try quarantine.fragmentSize(of: object.name) == 0 && fragments(repository).isEmpty)
        quarantine.discard()
    }

    @Test func `A file cannot be continued where nothing is left of it, or less`() throws {
        let repository = try scratch.repository(.archive)
        let quarantine = try repository.makeQuarantine(purpose)
        #expect(throws: RepositoryError.self) { try take(in: quarantine, from: 1) }
        quarantine.discard()
        try interrupt(repository, after: 3 << 20)
        let next = try repository.makeQuarantine(purpose)
        #expect(throws: RepositoryError.self) { try take(in: next, from: 7 << 19) }
        next.discard()
    }

    @Test(arguments: [RepositoryMode.archive, .bareUser])
    func `Of a fragment that has it all, the last byte is asked for`(mode: RepositoryMode) throws {
        let repository = try scratch.repository(mode)
        try interrupt(repository, after: 3 << 20)
        let path = try #require(try fragments(repository).first)
        try Data(object.bytes).write(to: URL(fileURLWithPath: path))
        let size = try left(repository)
        #expect(size == UInt64(object.bytes.count) - 1)
        try finish(repository, from: size)
    }

    @Test(arguments: [RepositoryMode.archive, .bareUser])
    func `Less than a MiB is not kept`(mode: RepositoryMode) throws {
        let repository = try scratch.repository(mode)
        try interrupt(repository, after: 1 << 20)
        #expect(try repository.quarantines().isEmpty)
    }

    @Test func `A bare repository keeps no fragment of a file of unknown size, nor of a small one`() throws {
        let repository = try scratch.repository(.bareUser)
        for total in [nil, 1 << 20] {
            try interrupt(repository, after: 3 << 20, of: .some(total))
            #expect(try repository.quarantines().isEmpty)
        }
    }

    @Test func `A fragment goes after a day`() throws {
        let repository = try scratch.repository(.archive)
        try interrupt(repository, after: 3 << 20)
        let directory = "\(repository.path)/tmp/\(try #require(try repository.quarantines().first))"
        try FileTime(seconds: time(nil) - 86_500).set(directory)
        #expect(try left(repository) == 0)
        #expect(try repository.quarantines().isEmpty)
    }
}
