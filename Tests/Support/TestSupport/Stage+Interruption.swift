// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

// Programs between a client and its receiver that cut what passes, or count it.
extension Stage {
    /// The fate of the bytes between client and receiver.
    public enum Passage: Sendable, Equatable {
        /// So many pass, and then the connection ends.
        case cut(Int)
        /// So many pass, and the others vanish.
        case stalled(Int)
        /// All pass, and are counted.
        case counted
    }

    /// A program that stands between client and receiver.
    public struct Carrier: Sendable {
        /// The program.
        public let path: String

        /// The number of bytes that passed.
        public var count: Int {
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path).bytes")
            return attributes?[.size] as? Int ?? 0
        }

        /// The process number of the receiver.
        public var receiver: pid_t? {
            (try? text(ofFile: "\(path).pid")).flatMap { pid_t($0.trimmingCharacters(in: .newlines)) }
        }

        /// Waits until the receiver is gone.
        public func awaitEnd() {
            #expect(eventually { receiver.map { kill($0, 0) != 0 } ?? false })
        }
    }

    /// A command that passes on the first bytes of its input at once, which `head` does not. Blocks are small, since a short read
    /// counts as one.
    private static func first(_ count: Int) -> String {
        "dd bs=512 iflag=count_bytes count=\(count) status=none"
    }

    /// Makes a receiver for pushes, whose input passes so.
    public func carrier(_ passage: Passage, named name: String = "carrier") throws -> Carrier {
        let path = directory.path(name)
        let passing =
            switch passage {
            case .cut(let count): "\(Stage.first(count)) <&3"
            // The other end must not see that the input ended.
            case .stalled(let count): "\(Stage.first(count)) <&3; exec cat <&3 4>&1 >/dev/null"
            case .counted: "tee '\(path).bytes' <&3"
            }
        return Carrier(
            path: try program(
                name,
                """
                exec 3<&0
                rm -f '\(path).pipe'
                mkfifo '\(path).pipe'
                { \(passing); } 2>/dev/null >'\(path).pipe' &
                echo $$ >'\(path).pid'
                exec '\(Programs.receiver())' "$@" 3<&- <'\(path).pipe'
                """))
    }

    /// Makes a program for `--ssh` that starts the receiver of ``cache`` for pulls, and whose output passes so.
    public func carrierOfPulls(_ passage: Passage, named name: String = "ssh") throws -> Carrier {
        let path = directory.path(name)
        let passing =
            switch passage {
            case .cut(let count), .stalled(let count): Stage.first(count)
            case .counted: "tee '\(path).bytes'"
            }
        return Carrier(
            path: try program(name, "'\(Programs.receiver())' '\(cache)' | \(passing)"))
    }

    /// The fragments of large files in a repository's quarantines, with their sizes in bytes.
    public static func fragments(_ repository: String) throws -> [(path: String, size: Int)] {
        try Reader.leftovers(repository).flatMap { quarantine in
            let incoming = "\(repository)/tmp/\(quarantine)/incoming"
            // The directory, and files in it, come and go while we look.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: incoming)) ?? []
            return names.filter { $0.contains("-") }.compactMap { name in
                let path = "\(incoming)/\(name)"
                let attributes = try? FileManager.default.attributesOfItem(atPath: path)
                return (attributes?[.size] as? Int).map { (path, $0) }
            }
        }
    }

    /// Changes one byte of a file.
    public static func damage(_ path: String, at offset: Int) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(offset))
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data([byte ^ 0xff]))
    }

    /// Writes a file that cannot be compressed.
    public static func makeNoise(_ path: String, megabytes: Int) throws {
        try TestSupport.run(["sh", "-c", "head -c \(megabytes)M /dev/urandom > '\(path)'"]).checked()
    }
}
