// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

/// An object as it travels.
package struct SampleObject: Sendable {
    package var name: ObjectName
    package var bytes: [UInt8]

    package init(_ name: ObjectName, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// A metadata object under its own checksum.
    package init(_ type: ObjectType, _ variant: Variant) {
        self.init(type, bytes: variant.serialized())
    }

    /// Bytes under their own checksum.
    package init(_ type: ObjectType, bytes: [UInt8]) {
        self.init(ObjectName(sha256(bytes), type), bytes)
    }

    package var checksum: Checksum { name.checksum }

    /// A dirtree of any entries, right or wrong.
    package static func dirtree(
        files: [(name: String, file: [UInt8])] = [],
        directories: [(name: String, tree: [UInt8], metadata: [UInt8])] = []
    ) -> SampleObject {
        SampleObject(
            .dirtree,
            .tuple([
                .array(of: "(say)", files.map { .tuple([.string($0.name), .bytes($0.file)]) }),
                .array(
                    of: "(sayay)",
                    directories.map { .tuple([.string($0.name), .bytes($0.tree), .bytes($0.metadata)]) }),
            ]))
    }

    package static func dirmeta(mode: UInt32 = 0o40755) -> SampleObject {
        SampleObject(
            .dirmeta,
            .tuple([.uint32(0), .uint32(0), .uint32(mode.bigEndian), .array(of: "(ayay)", [])]))
    }

    package static func commit(
        tree: [UInt8], metadata: [UInt8], parent: [UInt8] = [], subject: String = "sample",
        time: Int = 1_500_000_000
    ) -> SampleObject {
        SampleObject(
            .commit,
            .tuple([
                .array(of: "{sv}", []), .bytes(parent), .array(of: "(say)", []), .string(subject),
                .string(""),
                .uint64(UInt64(time).bigEndian), .bytes(tree), .bytes(metadata),
            ]))
    }

    package static func detached(_ commit: SampleObject, _ text: String) -> SampleObject {
        let bytes = Variant.dictionary([("note", Variant.string(text))]).serialized()
        return SampleObject(ObjectName(commit.checksum, .commitmeta), bytes)
    }
}

/// A `.filez`, of which every field can be wrong.
package struct ArchivedFile: Sendable {
    package var mode: UInt32 = 0o100644
    package var device: UInt32 = 0
    package var target = ""
    package var content: [UInt8] = Array("content\n".utf8)
    /// The size in the header; nil for the right one.
    package var statedSize: UInt64?
    /// Four bytes behind the header's size.
    package var padding: [UInt8] = [0, 0, 0, 0]

    package init(
        mode: UInt32 = 0o100644, device: UInt32 = 0, target: String = "",
        content: [UInt8] = Array("content\n".utf8), statedSize: UInt64? = nil,
        padding: [UInt8] = [0, 0, 0, 0]
    ) {
        self.mode = mode
        self.device = device
        self.target = target
        self.content = content
        self.statedSize = statedSize
        self.padding = padding
    }

    package static func link(to target: String) -> ArchivedFile {
        ArchivedFile(mode: 0o120777, target: target, content: [])
    }

    private var fields: [Variant] {
        [.uint32(0), .uint32(0), .uint32(mode.bigEndian), .uint32(device.bigEndian), .string(target)]
            + [.array(of: "(ayay)", [])]
    }

    package var header: [UInt8] {
        Variant.tuple([.uint64((statedSize ?? UInt64(content.count)).bigEndian)] + fields).serialized()
    }

    private static func framed(_ bytes: [UInt8], padding: [UInt8] = [0, 0, 0, 0]) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: bytes.count >> $0) } + padding + bytes
    }

    /// Raw deflate without compression.
    package static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        let (low, high) = (
            UInt8(truncatingIfNeeded: bytes.count), UInt8(truncatingIfNeeded: bytes.count >> 8)
        )
        return [1, low, high, ~low, ~high] + bytes
    }

    /// The bytes before the content in an object that travels.
    package var prefix: [UInt8] { ArchivedFile.framed(header, padding: padding) }

    package var isLink: Bool { mode & 0o170000 == 0o120000 }

    /// The name that belongs to what this says.
    package var name: ObjectName {
        let canonical = ArchivedFile.framed(Variant.tuple(fields).serialized())
        return ObjectName(sha256(canonical + content), .file)
    }

    /// The object, with `body` in place of the right one.
    package func object(body: [UInt8]? = nil) -> SampleObject {
        let right = isLink && content.isEmpty ? [] : ArchivedFile.deflated(content)
        return SampleObject(name, prefix + (body ?? right))
    }
}
