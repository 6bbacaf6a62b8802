// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A commit of a folder with one small file, as `ostree commit` made it: docs/PROTOCOL.md, ‘Objects’, explains the bytes.
enum SmallCommit {
    static let objects: [(name: ObjectName, bytes: [UInt8])] = [
        // A file with “hello” and a line feed: its header, then raw deflate.
        object(
            "44f778e59f0a4748d6b0c90a47347212a231c4ad1e8f7ea5c5dffc7749153a6b.filez",
            "0000001a0000000000000000000000060000000000000000000081a4000000000019cb48cdc9c9e7"
                + "0200"),
        // Owner 0:0, mode 40755.
        object(
            "446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488.dirmeta",
            "0000000000000000000041ed"),
        // One file, `hello`: its name, its checksum, GVariant framing.
        object(
            "b203b8cf6333823b9b7701086070db0785483ab6860d28dd3586df29af6879ef.dirtree",
            "68656c6c6f0044f778e59f0a4748d6b0c90a47347212a231c4ad1e8f7ea5c5dffc7749153a6b0627"
                + "28"),
        // Metadata, subject “hello”, time, dirtree, dirmeta.
        object(
            "b37bc7cf41a2538048ff969d2a13141efdd94c3b50bd5685d5d921a14945f657.commit",
            "6f73747265652e7265662d62696e64696e670000000000006578616d706c652f68656c6c6f2f3100"
                + "10006173132d68656c6c6f0000000000000000005e0be100b203b8cf6333823b9b7701086070db07"
                + "85483ab6860d28dd3586df29af6879ef446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73"
                + "f62988eb0b6c54886035342e2e2e"),
    ].compactMap { $0 }

    /// What a ref is to point to: the last of them.
    static let commit = objects[objects.count - 1].name.checksum

    private static func object(_ fileName: String, _ hex: String) -> (name: ObjectName, bytes: [UInt8])? {
        let digits = Array(hex)
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { start in
            UInt8(String(digits[start...start + 1]), radix: 16)
        }
        return ObjectName(fileName: fileName).map { ($0, bytes) }
    }
}
