// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants
import WireSamples

extension Attack {
    /// Every message, in the form that would be right somewhere.
    private static func messages(_ version: UInt8) -> [(String, [UInt8])] {
        let member = Pushed.members[0]
        return [
            ("info", Frame.make(.info, version, [("mode", .int32(1)), ("refs", .names([]))])),
            ("update", Frame.update(Pushed.updates, version: version)),
            ("putobjects", version == 1 ? Frame.putObjects : Frame.object(member.name, member.content)),
            ("status", Frame.make(.status, version, [("result", .boolean(true)), ("message", .string(""))])),
            ("done", Frame.done(version: version)),
        ]
    }

    /// The states of a receiver: the bytes that lead into each, the message that is due, and those that are legal.
    private static let states:
        [(version: UInt8, name: String, lead: [UInt8], due: String, legal: Set<String>)] = [
            (1, "at the start", [], "info", ["info", "done"]),
            (1, "after info", Frame.info(), "update", ["update", "done"]),
            (
                1, "after update", Frame.info() + Frame.update(Pushed.updates), "putobjects or done",
                ["putobjects", "done"]
            ),
            (1, "after the objects", Pushed.opening() + ObjectStream(Pushed.members).tar, "done", ["done"]),
            (0, "at the start", [], "update", ["update", "done"]),
            (
                0, "after update", Frame.update(Pushed.updates, version: 0), "putobjects or done",
                ["putobjects", "done"]
            ),
            (
                0, "after the objects",
                Frame.update(Pushed.updates, version: 0) + ObjectStream(Pushed.members).frames,
                "putobjects or done", ["putobjects", "done"]
            ),
        ]

    static let order: [Attack] = table {
        for state in states {
            for (name, message) in messages(state.version).filter({ !state.legal.contains($0.0) }) {
                bytes(
                    "\(name) \(state.name), version \(state.version)", .order,
                    refused("sent \(name) where \(state.due) was due"), version: state.version
                ) {
                    state.lead + message
                }
            }
        }
        for version in Version.both {
            // Refused since a ref would be below another; what follows does not matter.
            for (name, message) in messages(version.number).filter({ $0.0 != "done" }) {
                bytes(
                    version.named("\(name) after a refusal"), .order, refused("cannot exist beside ref"),
                    version: version.number
                ) {
                    (version.number == 1 ? Frame.info() : [])
                        + Frame.update([("there", Frame.nothing, Pushed.commit)], version: version.number)
                        + message
                }
            }
        }
        bytes("objects after a refusal", .order, refused("cannot exist beside ref")) {
            Pushed.stream(ObjectStream(Pushed.members).tar, [("there", Frame.nothing, Pushed.commit)])
        }
        bytes("objects without putobjects", .order, refused("does not speak the artifact protocol")) {
            Frame.info() + Frame.update(Pushed.updates) + ObjectStream(Pushed.members).tar
        }
        bytes(
            "a push of version 0 to a receiver of version 1", .order,
            refused("speaks version 0 of the protocol where version 1")
        ) {
            Version(number: 0).push(Pushed.members)
        }
        bytes(
            "a push of version 1 to a receiver of version 0", .order,
            refused("speaks version 1 of the protocol where version 0"), version: 0
        ) {
            Version(number: 1).push(Pushed.members)
        }
        bytes("an object in the middle of a tar stream", .order, refused("checksum does not match")) {
            Pushed.opening() + Frame.object(Pushed.members[0].name, [UInt8](repeating: 1, count: 1000))
        }
    }

    private static func header(_ bytes: [UInt8]) -> @Sendable () -> [UInt8] {
        { bytes + [UInt8](repeating: 0, count: 20) }
    }

    static let frames: [Attack] = table {
        for type in [14, 64, 128, 255] as [UInt8] {
            bytes(
                "the unknown type \(type)", .frames, refused("unknown type \(type)"),
                header([0x6c, 1, type, 0, 0]))
        }
        for version in [2, 3, 49, 128, 255] as [UInt8] {
            bytes(
                "version \(version)", .frames, refused("speaks version \(version) of the protocol"),
                header([0x6c, version, 0, 0, 0]))
        }
        for order in [0, 1, 10, 0x42 + 32, 0x6c - 32, 128, 255] as [UInt8] {
            bytes(
                "the byte order \(order)", .frames, refused("does not speak the artifact protocol"),
                header([order, 1, 0, 0, 0]))
        }
        for (name, text) in [
            ("HTTP", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), ("ssh", "SSH-2.0-OpenSSH_9.2\r\n"),
            ("a shell", "#!/bin/sh\nid\n"), ("git", "0032want 0000"), ("rsync", "@RSYNCD: 31.0\n"),
            ("TLS", "\u{16}\u{3}\u{1}"), ("JSON", "{\"a\": 1}"),
        ] {
            bytes("what speaks \(name)", .frames, refused("does not speak the artifact protocol")) {
                Array(text.utf8)
            }
        }
        bytes("a body of 65,535 bytes that ends", .frames, .interruption) {
            [0x6c, 1, 0, 0xff, 0xff, 1, 2, 3]
        }
        bytes("a big-endian body of 65,535 bytes that ends", .frames, .interruption) {
            [0x42, 1, 0, 0xff, 0xff, 1, 2, 3]
        }
        bytes("a body that is a byte too long", .frames, refused("damaged")) {
            let info = Frame.info()
            return [info[0], info[1], info[2], info[3] + 1, info[4]] + info.dropFirst(5) + Frame.done()
        }
        bytes("a body that is a byte too short", .frames, refused("damaged")) {
            let info = Frame.info()
            return [info[0], info[1], info[2], info[3] - 1, info[4]] + info.dropFirst(5) + Frame.done()
        }
        bytes("a length in the other byte order", .frames, .interruption) {
            let info = Frame.info()
            return [info[0], info[1], info[2], info[4], info[3]] + info.dropFirst(5) + Frame.done()
        }
        bytes("big-endian messages among little-endian ones", .frames, Pushed.success) {
            var info = Frame.info()
            // The mode is not looked at, so that its bytes may be in any order.
            info.replaceSubrange(0..<5, with: [0x42, 1, 0, info[4], info[3]])
            var done = Frame.done()
            done[0] = 0x42
            return info + Frame.update(Pushed.updates) + Frame.putObjects + ObjectStream(Pushed.members).tar
                + done
        }
        bytes("putobjects with a body that nobody expects, which is ignored", .frames, Pushed.success) {
            Frame.info() + Frame.update(Pushed.updates)
                + Frame.make(.putObjects, 1, [("object", .string("../x"))])
                + ObjectStream(Pushed.members).tar + Frame.make(.done, 1, [("x", .int32(1))])
        }
    }
}
