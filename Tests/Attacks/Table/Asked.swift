// SPDX-License-Identifier: Apache-2.0

import WireSamples

/// Clients that let themselves be asked, and answer wrongly.
extension Attack {
    static let asked: [Attack] = table {
        for type in [5, 6, 7, 8, 9] as [UInt8] {
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
        bytes(
            "a long message that was not agreed on", .frames, refused("does not speak the artifact protocol")
        ) {
            Frame.info() + [0x4c, 1, 1, 0, 0, 2, 0]
        }
        bytes("a long message of 4 GiB", .frames, refused("at most 4194304 are taken")) {
            Frame.info(capabilities: ["long"]) + [0x4c, 1, 1, 255, 255, 255, 255]
        }
    }

    /// An attack that is sent when the receiver has asked for the commit.
    private static func answer(
        _ name: String, _ words: String, status: Int = 1, _ answer: @escaping @Sendable () -> [UInt8]
    ) -> Attack {
        bytes("when asked, \(name)", .frames, status == 0 ? .nothing : refused(words)) {
            Frame.info(capabilities: ["want"]) + Frame.update(Pushed.updates) + answer()
        }
    }

    private static func head(_ type: UInt8, _ checksum: [UInt8], size: UInt64) -> [UInt8] {
        [0x6c, 1, 6, 41, 0, type] + checksum + (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
    }

    private static func bytes(of hex: String) -> [UInt8] {
        stride(from: 0, to: hex.utf8.count, by: 2).map { offset in
            let start = hex.index(hex.startIndex, offsetBy: offset)
            return UInt8(hex[start...].prefix(2), radix: 16) ?? 0
        }
    }
}
