// SPDX-License-Identifier: Apache-2.0

import WireSamples

/// Clients that let themselves be asked, and answer wrongly.
extension Attack {
    static let asked: [Attack] = table {
        for type in [5, 6, 7, 8, 9, 10, 11, 12, 13] as [UInt8] {
            bytes("type \(type), which was not agreed on", .frames, refused("error")) {
                Frame.info() + Frame.update(Pushed.updates) + [0x6c, 1, type, 0, 0]
            }
        }
        answer("an object that was not asked for", "the client sent object where object") {
            head(2, [UInt8](repeating: 7, count: 32), size: 3) + [1, 2, 3]
        }
        answer("a commit that is absent", "nor does the client have it") {
            head(4, bytes(of: Pushed.commit), size: .max)
        }
        answer("a commit with other content", "its content has the checksum") {
            head(4, bytes(of: Pushed.commit), size: 3) + [1, 2, 3]
        }
        answer("a commit of 11 MiB", "and metadata at most") {
            head(4, bytes(of: Pushed.commit), size: 11 << 20)
        }
        answer("a commit of nearly 2 ** 64 bytes", "and metadata at most") {
            head(4, bytes(of: Pushed.commit), size: .max - 2)
        }
        answer("a commit that it claims to have sent before", "sent object where object") {
            head(4, bytes(of: Pushed.commit), size: .max - 1)
        }
        answer("the end before anything was answered", "left", status: 0) { Frame.done() }
        answer("a tar stream all the same", "putobjects where object") {
            Frame.putObjects + ObjectStream(Pushed.members).tar
        }
        answer("an object of an unknown type", "unknown type 5") {
            head(5, bytes(of: Pushed.commit), size: 0)
        }
        answer("an object message that is cut", "has 40 bytes, not 41") {
            [0x6c, 1, 6, 40, 0] + [UInt8](repeating: 4, count: 40)
        }
        answer("a question of its own", "sent want where object") {
            [0x6c, 1, 5, 33, 0, 4] + bytes(of: Pushed.commit)
        }
        answer("the rest of a commit, all of which was asked for", "sent rest where object") {
            head(4, bytes(of: Pushed.commit), size: 3, type: 13) + [1, 2, 3]
        }
        answer("the rest of a file that was not asked for", "sent rest where object") {
            head(1, [UInt8](repeating: 7, count: 32), size: 3, type: 13) + [1, 2, 3]
        }
        answer("the rest of a commit that is absent", "has no bytes of object") {
            head(4, bytes(of: Pushed.commit), size: .max, type: 13)
        }
        bytes(
            "a long message that was not agreed on", .frames, refused("does not speak the artifact protocol")
        ) {
            Frame.info() + [0x4c, 1, 1, 0, 0, 2, 0]
        }
        bytes("a long message of 4 GiB", .frames, refused("at most 4194304 are taken")) {
            Frame.info(capabilities: ["long"]) + [0x4c, 1, 1, 255, 255, 255, 255]
        }
    }

    /// Clients that send objects before they are asked for, and wrong ones.
    static let ahead: [Attack] = table {
        sentAhead("an object of nearly 2 ** 64 bytes", "and metadata at most") {
            head(2, bytes(of: Pushed.commit), size: .max - 2, type: 10)
        }
        sentAhead("a directory of 11 MiB", "and metadata at most") {
            head(2, bytes(of: Pushed.commit), size: 11 << 20, type: 10)
        }
        sentAhead("a directory with other content", "its content has the checksum") {
            head(2, [UInt8](repeating: 7, count: 32), size: 3, type: 10) + [1, 2, 3]
        }
        sentAhead("a file with other content", "") {
            head(1, [UInt8](repeating: 7, count: 32), size: 3, type: 10) + [1, 2, 3] + end + Frame.done()
        }
        sentAhead("a commit that is absent", "nor does the client have it") {
            head(4, bytes(of: Pushed.commit), size: .max, type: 10) + end
        }
        sentAhead("an object that was sent ahead, ahead", "sent ahead where") {
            head(2, bytes(of: Pushed.commit), size: .max - 1, type: 10)
        }
        sentAhead("that the commit was sent ahead, which was not", "and it has not") {
            end + head(4, bytes(of: Pushed.commit), size: .max - 1, type: 6)
        }
        sentAhead("an answer before it was asked", "sent object where done") {
            head(4, bytes(of: Pushed.commit), size: 3, type: 6) + [1, 2, 3]
        }
        sentAhead("a message that is cut", "has 40 bytes, not 41") {
            [0x6c, 1, 10, 40, 0] + [UInt8](repeating: 4, count: 40)
        }
        sentAhead("the end within an object", "went away") {
            head(2, bytes(of: Pushed.commit), size: 1000, type: 10) + [1]
        }
    }

    /// Clients that send files which a commit needs, and which a bucket may keep when they have been asked for, and then others.
    static let needed: [Attack] = table {
        sentAhead("a file that no commit needs", .interruption) {
            let stranger = ArchivedFile(content: Array("stranger".utf8)).object()
            return object(stranger, 1, type: 10) + directoriesAhead() + end
        }
        sentAhead("\(Attack.neededFiles), and none when asked", .interruption) {
            Pushed.needed.flatMap { object($0, 1, type: 10) } + directoriesAhead() + end
        }
        sentAhead(
            "directories, then \(Attack.neededFiles) when asked, and an object that nobody asked for",
            refused("object where done was due")
        ) {
            directoriesAhead() + end + answers() + object(Pushed.sample.root, 2, type: 6)
        }
        sentAhead("directories, then \(Attack.neededFiles) when asked, and no end", .interruption) {
            directoriesAhead() + end + answers()
        }
    }

    private static func directoriesAhead() -> [UInt8] {
        let sample = Pushed.sample
        return object(sample.directoryMetadata, 3, type: 10) + object(sample.rootMetadata, 3, type: 10)
            + object(sample.directory, 2, type: 10) + object(sample.root, 2, type: 10)
            + object(sample.commit, 4, type: 10)
    }

    /// Files in the order in which they are asked for, behind detached metadata, of which there is none.
    private static func answers() -> [UInt8] {
        head(6, bytes(of: Pushed.commit), size: .max)
            + Pushed.needed.reversed().flatMap { object($0, 1, type: 6) }
    }

    private static func object(_ object: SampleObject, _ kind: UInt8, type: UInt8) -> [UInt8] {
        head(kind, object.checksum.bytes, size: UInt64(object.bytes.count), type: type) + object.bytes
    }

    /// Clients that ask for what they must not have.
    static let pulled: [Attack] = table {
        pull("a file that is no part of a ref", "no part of the refs") {
            [0x6c, 1, 5, 33, 0, 1] + [UInt8](repeating: 7, count: 32)
        }
        pull("a list after objects", "sent list where want or done") {
            [0x6c, 1, 5, 33, 0, 4] + [UInt8](repeating: 7, count: 32) + [0x6c, 1, 11, 0, 0]
        }
        pull("an update after objects", "sent update where want or done") {
            [0x6c, 1, 5, 33, 0, 4] + [UInt8](repeating: 7, count: 32) + Frame.update(Pushed.updates)
        }
        pull("an object of an unknown type", "unknown type 5") {
            [0x6c, 1, 5, 33, 0, 5] + [UInt8](repeating: 7, count: 32)
        }
        pull("more than may be asked for", "more than 1024 objects") {
            let names = (0..<1025).flatMap { _ in [4] + [UInt8](repeating: 7, count: 32) }
            return [0x6c, 1, 5, UInt8(names.count & 255), UInt8(names.count >> 8)] + names
        }
        bytes("a pull asks for a rest, which was not agreed on", .frames, refused("was not agreed on")) {
            Frame.info(capabilities: ["long", "pull"]) + rest(size: 9, offset: 3)
        }
        pull("the rest of a file that is no part of a ref", "no part of the refs") {
            rest(size: 9, offset: 3)
        }
        pull("the rest behind no byte", "behind byte 0 of 9") { rest(size: 9, offset: 0) }
        pull("the rest behind the last byte", "behind byte 9 of 9") { rest(size: 9, offset: 9) }
        pull("the rest behind the end", "and only a file has one") { rest(size: 9, offset: .max) }
        pull("the rest of a commit", "and only a file has one") { rest(4, size: 9, offset: 3) }
        pull("a rest whose numbers are cut", "cut within the name") {
            [0x6c, 1, 5, 41, 0] + rest(size: 9, offset: 3).dropFirst(5).dropLast(8)
        }
        pull("refs of its own", "refs are no list") { [0x6c, 1, 12, 0, 0] }
    }

    /// The message that ends what comes before it is asked for.
    private static let end: [UInt8] = [0x6c, 1, 10, 0, 0]

    private static func sentAhead(
        _ name: String, _ words: String, _ bytes: @escaping @Sendable () -> [UInt8]
    ) -> Attack {
        sentAhead(name, words.isEmpty ? .nothing : refused(words), bytes)
    }

    private static func sentAhead(
        _ name: String, _ outcome: Outcome, _ bytes: @escaping @Sendable () -> [UInt8]
    ) -> Attack {
        self.bytes("ahead, \(name)", .frames, outcome) {
            Frame.info(capabilities: ["want", "ahead"]) + Frame.update(Pushed.updates) + bytes()
        }
    }

    private static func pull(
        _ name: String, _ words: String, _ bytes: @escaping @Sendable () -> [UInt8]
    ) -> Attack {
        self.bytes("a pull asks for \(name)", .frames, refused(words)) {
            Frame.info(capabilities: ["long", "pull", "resume"]) + bytes()
        }
    }

    /// A request for the rest of an object.
    private static func rest(_ kind: UInt8 = 1, size: UInt64, offset: UInt64) -> [UInt8] {
        [0x6c, 1, 5, 49, 0, kind | 0x80] + [UInt8](repeating: 7, count: 32) + littleEndian(size)
            + littleEndian(offset)
    }

    private static func littleEndian(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    /// An attack that is sent when the receiver has asked for the commit.
    private static func answer(
        _ name: String, _ words: String, status: Int = 1, _ answer: @escaping @Sendable () -> [UInt8]
    ) -> Attack {
        bytes("when asked, \(name)", .frames, status == 0 ? .nothing : refused(words)) {
            Frame.info(capabilities: ["want", "resume"]) + Frame.update(Pushed.updates) + answer()
        }
    }

    private static func head(
        _ kind: UInt8, _ checksum: [UInt8], size: UInt64, type: UInt8 = 6
    ) -> [UInt8] {
        [0x6c, 1, type, 41, 0, kind] + checksum + littleEndian(size)
    }

    private static func bytes(of hex: String) -> [UInt8] {
        stride(from: 0, to: hex.utf8.count, by: 2).map { offset in
            let start = hex.index(hex.startIndex, offsetBy: offset)
            return UInt8(hex[start...].prefix(2), radix: 16) ?? 0
        }
    }
}
