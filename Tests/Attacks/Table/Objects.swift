// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants
import WireSamples

extension Attack {
    private static let sample = Pushed.sample

    /// The good objects with one of them changed, under its old name.
    private static func changing(
        _ object: SampleObject, _ change: @escaping @Sendable (inout [UInt8]) -> Void
    ) -> @Sendable () -> [Member] {
        {
            Pushed.members.map { member in
                guard member.name == object.name.fileName else { return member }
                var content = member.content
                change(&content)
                return (member.name, content)
            }
        }
    }

    private static func label(_ object: SampleObject) -> String {
        "\(object.name.type.rawValue) \(object.name.checksum.hex.prefix(4))"
    }

    static let hashes: [Attack] = table {
        for sent in sample.objects {
            objects(
                "the last byte of \(label(sent)) changed", .hashes, refused("object \(sent.name)"),
                changing(sent) { $0[$0.count - 1] ^= 1 })
            objects(
                "the first byte of \(label(sent)) changed", .hashes, refused("object \(sent.name)"),
                changing(sent) { $0[0] ^= 1 })
            objects(
                "\(label(sent)) with its last byte missing", .hashes, refused("object \(sent.name)"),
                changing(sent) { $0.removeLast() })
            objects(
                "\(label(sent)) with a byte more", .hashes, refused("object \(sent.name)"),
                changing(sent) { $0.append(0) })
        }
        for type in ["commit", "dirtree", "dirmeta", "filez"] {
            for sent in sample.objects.filter({ $0.name.type.rawValue != type }) {
                object("\(label(sent)) as a \(type)", .hashes, refused("object \(sent.checksum).\(type)")) {
                    ("\(sent.checksum).\(type)", sent.bytes)
                }
            }
        }
        object("a file with other permissions", .hashes, refused("has the checksum")) {
            (
                sample.file.name.fileName,
                ArchivedFile(mode: 0o104755, content: Array("pushed".utf8)).object().bytes
            )
        }
        object("a link to another place", .hashes, refused("has the checksum")) {
            (sample.link.name.fileName, ArchivedFile.link(to: "/etc/passwd").object().bytes)
        }
        object("a file as a link", .hashes, refused("has the checksum")) {
            (sample.file.name.fileName, sample.link.bytes)
        }
    }

    static let trailing: [Attack] = table {
        object(
            "bytes behind the compressed content", .trailing,
            refused("bytes follow the end of its compressed content")
        ) {
            (sample.file.name.fileName, sample.file.bytes + [0])
        }
        object(
            "a second compressed content", .trailing,
            refused("bytes follow the end of its compressed content")
        ) {
            (sample.file.name.fileName, sample.file.bytes + ArchivedFile.deflated([1, 2, 3]))
        }
        object("bytes behind a link", .trailing, refused("bytes follow a symbolic link")) {
            (sample.link.name.fileName, sample.link.bytes + [1])
        }
        object(
            "an empty compressed content behind a link", .trailing, refused("bytes follow a symbolic link")
        ) {
            (sample.link.name.fileName, sample.link.bytes + [3, 0])
        }
        for version in Version.both {
            bytes(version.named("nonsense behind done"), .trailing, Pushed.success, version: version.number) {
                version.push(Pushed.members) + [UInt8](repeating: 0xff, count: 100_000)
            }
            bytes(
                version.named("another push behind done"), .trailing, Pushed.success, version: version.number
            ) {
                version.push(Pushed.members) + version.push([], [("x/y", Frame.nothing, Pushed.stranger)])
            }
            bytes(version.named("a push behind a farewell"), .trailing, .nothing, version: version.number) {
                (version.number == 1 ? Frame.info() : []) + Frame.done(version: version.number)
                    + version.push(Pushed.members)
            }
        }
    }

    // MARK: Fields

    private static let wrongSums: [Attack] = table {
        for count in [0, 1, 31, 33, 64] {
            let wrong = [UInt8](repeating: 0xab, count: count)
            let words = refused("a checksum in it is not of 32 bytes")
            object("a dirtree with a file of \(count) bytes", .metadata, words) {
                SampleObject.dirtree(files: [("a", wrong)]).member
            }
            object("a dirtree with a directory of \(count) bytes", .metadata, words) {
                SampleObject.dirtree(directories: [("a", wrong, sum)]).member
            }
            object("a dirtree with a directory's metadata of \(count) bytes", .metadata, words) {
                SampleObject.dirtree(directories: [("a", sum, wrong)]).member
            }
            object("a commit with a tree of \(count) bytes", .metadata, words) {
                SampleObject.commit(tree: wrong, metadata: sum).member
            }
            object("a commit with a tree's metadata of \(count) bytes", .metadata, words) {
                SampleObject.commit(tree: sum, metadata: wrong).member
            }
            object("a commit with a parent of \(count + 2) bytes", .metadata, words) {
                SampleObject.commit(tree: sum, metadata: sum, parent: wrong + [1, 2]).member
            }
        }
    }

    private static let modes: [Attack] = table {
        for mode in [
            0, 0o755, 0o100644, 0o120777, 0o020644, 0o060644, 0o010644, 0o140644, 0o1040755, 0o200040755,
            0xffff_ffff,
        ] as [UInt32] {
            object("a dirmeta of mode \(String(mode, radix: 8))", .metadata, refused("is not a directory's"))
            {
                SampleObject.dirmeta(mode: mode).member
            }
        }
        for mode in [
            0, 0o644, 0o040755, 0o020644, 0o060644, 0o010644, 0o140644, 0o1100644, 0xffff_ffff,
        ] as [UInt32] {
            object(
                "a file of mode \(String(mode, radix: 8))", .metadata,
                refused("is neither a file's nor a symbolic link's")
            ) {
                ArchivedFile(mode: mode).object().member
            }
        }
        object("a file with a device number", .metadata, refused("claims to be a device")) {
            ArchivedFile(device: 0x0103).object().member
        }
        object("a file with a link's target", .metadata, refused("do not go together")) {
            ArchivedFile(target: "/etc/passwd").object().member
        }
        object("a link without a target", .metadata, refused("do not go together")) {
            ArchivedFile.link(to: "").object().member
        }
        object("a link with content", .metadata, refused("do not go together")) {
            ArchivedFile(mode: 0o120777, target: "x", content: [1]).object().member
        }
        object(
            "a file that does not begin as one", .metadata, refused("does not begin like an archived file")
        ) {
            ArchivedFile(padding: [0, 0, 0, 1]).object().member
        }
    }

    static let metadata = wrongSums + modes

    // MARK: Missing

    /// A commit whose directory has a directory, for something to be missing on each level.
    private struct Nested {
        let file = ArchivedFile(content: Array("deep".utf8)).object()
        let meta = SampleObject.dirmeta(mode: 0o40711)
        let rootMeta = SampleObject.dirmeta(mode: 0o40755)
        let inner: SampleObject
        let middle: SampleObject
        let root: SampleObject
        let commit: SampleObject

        init() {
            inner = .dirtree(files: [("file", file.checksum.bytes)])
            middle = .dirtree(directories: [("inner", inner.checksum.bytes, meta.checksum.bytes)])
            root = .dirtree(directories: [("middle", middle.checksum.bytes, meta.checksum.bytes)])
            commit = .commit(tree: root.checksum.bytes, metadata: rootMeta.checksum.bytes)
        }

        var objects: [(String, SampleObject)] {
            [
                ("the innermost file", file), ("the innermost directory", inner),
                ("the directory between", middle),
                ("the root", root), ("the root's metadata", rootMeta), ("the directories' metadata", meta),
                ("the commit", commit),
            ]
        }
    }

    private static let nested = Nested()

    static let missing: [Attack] = table {
        for (name, object) in nested.objects {
            objects(
                "without \(name)", .missing,
                refused("\(object.name)", "was neither sent nor is it in the repository"),
                updates: [("a/b/c", Frame.nothing, "\(nested.commit.checksum)")]
            ) { nested.objects.map(\.1).filter { $0.checksum != object.checksum }.map(\.member) }
        }
        for sent in sample.objects {
            objects("a push without \(label(sent))", .missing, refused("\(sent.name)", "was neither sent")) {
                Pushed.members.filter { $0.name != sent.name.fileName }
            }
        }
        objects("a second commit without its tree, which nobody wants", .missing, Pushed.success) {
            Pushed.members + [SampleObject.commit(tree: sum, metadata: sum).member]
        }
        // Each of these is the commit that the ref is to point to.
        let meta = sample.rootMetadata.checksum.bytes
        let fileAsDirectory = SampleObject.dirtree(directories: [("x", sample.file.checksum.bytes, meta)])
        let directoryAsFile = SampleObject.dirtree(files: [("x", sample.directory.checksum.bytes)])
        for (name, tree, more) in [
            ("a commit whose tree is a dirmeta", meta, []),
            ("a commit whose tree is itself a commit", sample.commit.checksum.bytes, []),
            ("a directory that is a file", fileAsDirectory.checksum.bytes, [fileAsDirectory.member]),
            ("a file that is a directory", directoryAsFile.checksum.bytes, [directoryAsFile.member]),
        ] {
            let commit = SampleObject.commit(tree: tree, metadata: meta)
            objects(
                name, .missing, refused("was neither sent nor is it in the repository"),
                updates: [(Pushed.ref, Frame.nothing, commit.checksum.hex)]
            ) { Pushed.members + more + [commit.member] }
        }
    }
}
