// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing
import Variants

@testable import ArtifactRepository

/// Our own reader of OSTree's formats, compared with GVariant.
@Suite struct FormatReaderTests {
    private static func isWellFormed(_ bytes: [UInt8]) -> Bool {
        // GLib takes no bytes at all for a pair of empty arrays; OSTree never writes that.
        !bytes.isEmpty && (try? Variant(parsing: bytes, as: "(a(say)a(sayay))")) != nil
    }

    private static func dirtree(files: Int, directories: Int, nameLength: Int) -> [UInt8] {
        func name(_ index: Int) -> String {
            let number = String(index + 10_000)
            return number + String(repeating: "é", count: max(0, nameLength - number.count) / 2)
        }
        let sum = [UInt8](repeating: 7, count: 32)
        return Variant.tuple([
            .array(of: "(say)", (0..<files).map { .tuple([.string("f" + name($0)), .bytes(sum)]) }),
            .array(
                of: "(sayay)",
                (0..<directories).map { .tuple([.string("d" + name($0)), .bytes(sum), .bytes(sum)]) }),
        ]).serialized()
    }

    @Test(arguments: [
        (0, 0, 5), (1, 0, 5), (0, 1, 5), (3, 2, 40), (2, 2, 230), (5, 0, 44), (0, 4, 200), (700, 3, 90),
    ])
    func `Our own reader takes for a dirtree what GLib takes for one, whichever byte is changed`(
        _ files: Int, _ directories: Int, _ nameLength: Int
    ) throws {
        let name = ObjectName(Digest().finish(), .dirtree)
        let good = FormatReaderTests.dirtree(files: files, directories: directories, nameLength: nameLength)
        func agree(_ bytes: [UInt8], _ change: @autoclosure () -> String) {
            var reason = ""
            do { _ = try bytes.withUnsafeBytes { try DirTree($0, name) } } catch { reason = "\(error)" }
            // What has several faults may be refused for another one.
            let isWellFormed = FormatReaderTests.isWellFormed(bytes)
            #expect(
                isWellFormed ? !reason.contains("well-formed") : !reason.isEmpty, "\(change()): \(reason)")
        }
        let tree = try good.withUnsafeBytes { try DirTree($0, name) }
        #expect(tree.files.count == files && tree.directories.count == directories)
        // Of a large one, both ends and some places between.
        let step = good.count > 2000 ? good.count / 30 : 1
        for index in Array(stride(from: 0, to: good.count, by: step))
            + Array(max(0, good.count - 20)..<good.count)
        {
            for value in [0, 1, 255, good[index] &+ 1, good[index] &- 1, good[index] ^ 0x80] {
                var bytes = good
                bytes[index] = value
                agree(bytes, "byte \(index) is \(value)")
            }
            var shorter = good
            shorter.remove(at: index)
            agree(shorter, "without byte \(index)")
            agree(Array(good[..<index]), "the first \(index) bytes")
        }
        agree(good + [0], "with a byte more")
    }

    @Test func `Our own reader reads and writes the header of a plain file as GVariant does`() throws {
        let name = ObjectName(Digest().finish(), .file)
        // An array that is made anew is not known to be empty, so that GVariant is used.
        let attributes = Variant.array(of: "(ayay)", [])
        for (uid, gid, mode, size) in [
            (0, 0, 0o100644, 0), (1, 2, 0o100755, 1), (.max, 70_000, 0o104711, .max),
        ]
            as [(UInt32, UInt32, UInt32, UInt64)]
        {
            let plain = FileHeader(uid: uid, gid: gid, mode: mode)
            let slow = FileHeader(uid: uid, gid: gid, mode: mode, attributes: attributes)
            #expect(plain.hashedPrefix == slow.hashedPrefix)
            #expect(plain.bareUserMetadata == slow.bareUserMetadata)
            #expect(plain.archivePrefix(size: size) == slow.archivePrefix(size: size))
            let prefix = plain.archivePrefix(size: size)
            let read = try prefix[8...].withUnsafeBytes { try FileHeader.archive($0, of: name) }
            #expect(read.size == size)
            #expect((read.header.uid, read.header.gid, read.header.mode) == (uid, gid, mode))
            let stored = try FileHeader.bareUser(slow.bareUserMetadata, of: name)
            #expect((stored.uid, stored.gid, stored.mode) == (uid, gid, mode))
        }
    }

    @Test func `Our own reader spells every checksum`() throws {
        for start in 0..<256 {
            let bytes = (0..<32).map { UInt8(truncatingIfNeeded: start + $0 * 9) }
            let checksum = try #require(bytes.withUnsafeBytes { Checksum(bytes: $0) })
            #expect(checksum.bytes == bytes)
            #expect(checksum.hex == bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
            #expect(Checksum(hex: checksum.hex) == checksum)
        }
    }
}
