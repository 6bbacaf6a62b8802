// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArtifactProtocol

/// A tar stream.
@Suite struct TarReaderTests {
    typealias Header = TarArchive.Header

    private static func names(_ archive: TarArchive) throws -> [String] {
        let run = try TarRun(archive.ended())
        #expect(run.isEnded)
        #expect(run.members.allSatisfy { $0.isComplete })
        return run.members.map(\.name)
    }

    private static func expectRefusal(
        _ bytes: [UInt8], _ words: String = "object stream", sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: ProtocolError.self, sourceLocation: sourceLocation) {
            _ = try TarRun(bytes)
        }
        #expect(error?.code == .badObjectStream, sourceLocation: sourceLocation)
        #expect(error?.description.contains(words) ?? false, "\(words)", sourceLocation: sourceLocation)
    }

    @Test(arguments: [1, 2, 511, 512, 513, 1024, 10_240, .max])
    func `A tar stream gives its members, however it is cut`(chunk: Int) throws {
        var archive = TarArchive()
        for size in [0, 1, 511, 512, 513, 3000] {
            archive.add("size\(size)", (0..<size).map { UInt8(truncatingIfNeeded: $0) })
        }
        let run = try TarRun(archive.ended(), chunk: chunk)
        #expect(run.members.map(\.name) == ["size0", "size1", "size511", "size512", "size513", "size3000"])
        for member in run.members {
            #expect(member.content == (0..<Int(member.size)).map { UInt8(truncatingIfNeeded: $0) })
        }
        #expect(run.isEnded)
    }

    @Test(arguments: 0...21)
    func `A tar stream is padded to 10,240 bytes, and not a byte more is taken`(blocks: Int) throws {
        var archive = TarArchive()
        if blocks > 0 { archive.add("member", [UInt8](repeating: 7, count: (blocks - 1) * 512)) }
        let stream = archive.ended()
        #expect(stream.count == (blocks <= 18 ? 10_240 : 20_480))
        for next: [UInt8] in [[], [0], [0x6c, 1, 4, 0, 0], [UInt8](repeating: 0, count: 10_240)] {
            let run = try TarRun(stream + next)
            #expect(run.isEnded)
            #expect(run.position == stream.count)
        }
        let short = try TarRun(Array(stream.dropLast()))
        #expect(!short.isEnded)
    }

    @Test func `A tar stream of the first format has names with a prefix`() throws {
        var archive = TarArchive()
        var header = Header("name")
        header.prefix = "directory"
        archive.add(header)
        // GNU headers have times where others have the prefix.
        header.magic = Header.gnu
        archive.add(header)
        header.prefix = ""
        header.name = String(repeating: "n", count: 100)
        archive.add(header)
        #expect(try Self.names(archive) == ["directory/name", "name", String(repeating: "n", count: 100)])
    }

    @Test func `A tar stream has its last member's name and size replaced by a pax header, once`() throws {
        var archive = TarArchive()
        archive.add(
            extension: "x",
            TarArchive.record("mtime", "1.5") + TarArchive.record("path", "long=name\nhere")
                + TarArchive.record("size", "3"))
        archive.add(Header("short", size: 0), [1, 2, 3])
        archive.add("next", [4])
        let run = try TarRun(archive.ended())
        #expect(run.members.map(\.name) == ["long=name\nhere", "next"])
        #expect(run.members.map(\.content) == [[1, 2, 3], [4]])
    }

    @Test
    func `A tar stream has a GNU long name, which ends at its first NUL and which a pax path overrules`()
        throws
    {
        let long = String(repeating: "long", count: 100)
        var archive = TarArchive()
        archive.add(extension: "L", long + "\0rest")
        archive.add("short", [])
        archive.add("next", [])
        archive.add(extension: "L", long)
        archive.add(extension: "x", TarArchive.record("path", "pax"))
        archive.add("short", [])
        #expect(try Self.names(archive) == [long, "next", "pax"])
    }

    @Test func `A tar stream may say things about all members that do not matter, but neither name nor size`()
        throws
    {
        var archive = TarArchive()
        archive.add(extension: "g", TarArchive.record("comment", "hello"))
        archive.add("member", [])
        #expect(try Self.names(archive) == ["member"])
        for (key, value) in [("path", "x"), ("size", "1"), ("linkpath", "x"), ("GNU.sparse.major", "1")] {
            var bad = archive
            bad.add(extension: "g", TarArchive.record(key, value))
            bad.add("member", [1])
            Self.expectRefusal(bad.ended())
        }
    }

    @Test(arguments: Array("123456789DKMNSVAXZ\u{1}\u{ff}") + ["a", "z"])
    func `A tar stream holds nothing but regular files`(flag: Character) {
        for magic in [Header.posix, Header.gnu] {
            var header = Header("member", flag: flag)
            header.flag = flag.unicodeScalars.first.map { UInt8(truncatingIfNeeded: $0.value) } ?? 0
            header.magic = magic
            var archive = TarArchive()
            archive.add(header)
            Self.expectRefusal(archive.ended(), "only regular files")
        }
    }

    @Test func `A tar stream of the oldest format marks a file by NUL`() throws {
        var header = Header("member")
        header.flag = 0
        header.magic = [UInt8](repeating: 0, count: 8)
        var archive = TarArchive()
        archive.add(header)
        #expect(try Self.names(archive) == ["member"])
    }

    @Test(arguments: ["linkpath", "GNU.sparse.major", "GNU.sparse.map"])
    func `A tar stream holds no link or sparse file in pax disguise`(key: String) {
        var archive = TarArchive()
        archive.add(extension: "x", TarArchive.record(key, "1"))
        archive.add("member", [])
        Self.expectRefusal(archive.ended(), key)
    }

    @Test(arguments: ["9223372036854775808", "18446744073709551615"])
    func `A tar stream holds no member of more than Int64.max bytes`(size: String) throws {
        var archive = TarArchive()
        archive.add(extension: "x", TarArchive.record("size", size))
        archive.add("member", [])
        Self.expectRefusal(archive.ended(), size)
        var largest = TarArchive()
        largest.add(extension: "x", TarArchive.record("size", "9223372036854775807"))
        largest.add("member", [])
        #expect(try TarRun(largest.bytes).members == [TarRun.Member(name: "member", size: UInt64(Int64.max))])
    }

    @Test(arguments: ["x", "g", "L"] as [Character])
    func `A tar stream has extended headers of 64 KiB at the most`(flag: Character) throws {
        let limit = 64 * 1024
        var archive = TarArchive()
        let filler = String(repeating: "c", count: limit - 15)
        let text = flag == "L" ? String(repeating: "n", count: limit) : TarArchive.record("comment", filler)
        archive.add(extension: flag, text)
        #expect(text.utf8.count == limit)
        archive.add("member", [])
        #expect(try Self.names(archive).count == 1)
        for size in [limit + 1, limit * 2, 1 << 32] {
            var large = TarArchive()
            large.add(Header("x", size: size, flag: flag))
            Self.expectRefusal(large.bytes, "\(size)")
        }
    }

    @Test(arguments: ["x", "L"] as [Character])
    func `A tar stream does not end between an extended header and its member`(flag: Character) {
        var archive = TarArchive()
        archive.add(extension: flag, TarArchive.record("path", "x"))
        Self.expectRefusal(archive.ended())
    }

    @Test(arguments: ["x", "L", "g"] as [Character])
    func `A tar stream has a few extended headers before a member, not any number of them`(flag: Character)
        throws
    {
        let content = flag == "L" ? "member\0" : TarArchive.record("comment", "x")
        var archive = TarArchive()
        for _ in 0..<3 {
            for _ in 0..<TarReader.maximumExtensionCount { archive.add(extension: flag, content) }
            archive.add("member", [1])
        }
        #expect(try TarRun(archive.ended()).isEnded)
        for _ in 0...TarReader.maximumExtensionCount { archive.add(extension: flag, content) }
        archive.add("member", [1])
        Self.expectRefusal(archive.ended(), "more than 16 extended headers")
    }

    @Test
    func `A tar stream ends with two zero blocks and zeros: a lone one, or anything after it, is damage`()
        throws
    {
        var archive = TarArchive()
        archive.add("member", [1])
        let lone = archive.bytes + [UInt8](repeating: 0, count: 512)
        let cutShort = try TarRun(lone)
        #expect(!cutShort.isEnded)
        var goesOn = TarArchive()
        goesOn.append(lone)
        goesOn.add("member", [2])
        Self.expectRefusal(goesOn.ended(), "goes on after its end")
        let stream = archive.ended()
        for position in stride(from: lone.count, to: stream.count, by: 97) + [stream.count - 1] {
            var damaged = stream
            damaged[position] = 1
            Self.expectRefusal(damaged, "goes on after its end")
        }
    }

    @Test func `A tar stream whose header has another checksum is damaged`() {
        for bit in 0..<8 {
            for position in stride(from: 0, to: 512, by: 3) where !(148..<156).contains(position) {
                var archive = TarArchive()
                archive.add("member", [1])
                var stream = archive.ended()
                stream[position] ^= 1 << bit
                #expect(throws: ProtocolError.self) { _ = try TarRun(stream) }
            }
        }
        for field in ["0000000\0", "        ", "99999999", "\0\0\0\0\0\0\0\0", "-0007777", "7777777\0"] {
            var header = Header("member")
            header.checksum = Array(field.utf8)
            var archive = TarArchive()
            archive.add(header)
            Self.expectRefusal(archive.ended(), "checksum")
        }
    }
}
