// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants
import WireSamples

/// Clients that want refs removed which they may not remove, or say so wrongly.
extension Attack {
    private static let present = "\(AttackedCache.present.checksum)"

    static let deletions: [Attack] = table {
        deletion("though it was not agreed on", "sent delete where update", options: []) {
            delete([(AttackedCache.presentRef, present)])
        }
        deletion("of a ref that is elsewhere", "somebody moved it") {
            delete([(AttackedCache.presentRef, Pushed.stranger)])
        }
        deletion("of a ref that is not there, beside one that is", "there is none") {
            delete([(AttackedCache.presentRef, present), ("no/such", present)])
        }
        deletion("of the same ref twice", "names ref there/already twice") {
            delete([(AttackedCache.presentRef, present), (AttackedCache.presentRef, present)])
        }
        deletion("of a directory of refs", "there is none") { delete([("there", present)]) }
        for name in ["../../config", "/etc/passwd", "there/../there/already", "", "a//b", "there/already\n"] {
            deletion("of \(name.debugDescription)", "ref") { delete([(name, present)]) }
        }
        deletion("where the commit is no checksum", "ref") { delete([(AttackedCache.presentRef, "none")]) }
        deletion("without a list", "lists no refs") {
            frame(Variant.dictionary([("ref", Variant.string("a"))]))
        }
        deletion("that is damaged", "is damaged") { [0x6c, 1, 9, 3, 0, 1, 2, 3] }
        deletion(
            "that is denied", "may not be deleted with this key",
            options: ["--allow-delete", "--deny-ref", "there/*"]
        ) {
            delete([(AttackedCache.presentRef, present)])
        }
        deletion(
            "of a cache that is read only", "takes no pushes", options: ["--allow-delete", "--read-only"]
        ) {
            delete([(AttackedCache.presentRef, present)])
        }
        bytes("a deletion after an update", .refs, refused("sent delete where"), options: ["--allow-delete"])
        {
            Frame.info(capabilities: ["delete"]) + Frame.update(Pushed.updates)
                + delete([(AttackedCache.presentRef, present)])
        }
    }

    private static func deletion(
        _ name: String, _ words: String, options: [String] = ["--allow-delete"],
        _ message: @escaping @Sendable () -> [UInt8]
    ) -> Attack {
        bytes("a deletion \(name)", .refs, refused(words), options: options) {
            Frame.info(capabilities: ["delete"]) + message()
        }
    }

    private static func delete(_ refs: [(String, String)]) -> [UInt8] {
        let list = refs.map { Variant.tuple([.string($0.0), .string($0.1)]) }
        return frame(.dictionary([("refs", Variant.array(of: "(ss)", list))]))
    }

    private static func frame(_ body: Variant) -> [UInt8] {
        let bytes = body.serialized()
        return [
            0x6c, 1, 9, UInt8(truncatingIfNeeded: bytes.count), UInt8(truncatingIfNeeded: bytes.count >> 8),
        ] + bytes
    }
}
