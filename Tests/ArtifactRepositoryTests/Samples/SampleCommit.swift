// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// A commit with a file, a link and a folder with a file, as objects.
struct SampleCommit: Sendable {
    let file: SampleObject
    let link: SampleObject
    let folderMetadata: SampleObject
    let folder: SampleObject
    let rootMetadata: SampleObject
    let root: SampleObject
    let commit: SampleObject

    init(_ subject: String = "first", parent: SampleCommit? = nil) {
        file = ArchivedFile(content: Array(subject.utf8)).object()
        link = ArchivedFile.link(to: "somewhere/else").object()
        folderMetadata = SampleObject.dirmeta(mode: 0o40700)
        folder = SampleObject.dirtree(files: [("inner", file.checksum.bytes)])
        rootMetadata = SampleObject.dirmeta()
        root = SampleObject.dirtree(
            files: [("file", file.checksum.bytes), ("link", link.checksum.bytes)],
            directories: [("folder", folder.checksum.bytes, folderMetadata.checksum.bytes)])
        commit = SampleObject.commit(
            tree: root.checksum.bytes, metadata: rootMetadata.checksum.bytes,
            parent: parent?.checksum.bytes ?? [], subject: subject)
    }

    var checksum: Checksum { commit.checksum }

    var objects: [SampleObject] { [file, link, folderMetadata, folder, rootMetadata, root, commit] }
}

extension Quarantine {
    /// Takes an object in pieces.
    ///
    /// - Returns: whether the store wanted it.
    @discardableResult
    func take(_ object: SampleObject, size: UInt64? = nil, pieces: Int = .max) throws -> Bool {
        guard let incoming = try receive(object.name, size: size ?? UInt64(object.bytes.count)) else {
            return false
        }
        var rest = object.bytes[...]
        while !rest.isEmpty {
            try rest.prefix(pieces).withUnsafeBytes { try incoming.write($0) }
            rest = rest.dropFirst(pieces)
        }
        try incoming.finish()
        return true
    }
}

extension Repository {
    /// Receives objects and moves refs, as one push does.
    @discardableResult
    func push(_ objects: [SampleObject], _ changes: RefChange...) throws -> [RefOutcome] {
        let quarantine = try makeQuarantine(.transient)
        defer { quarantine.discard() }
        for object in objects { try quarantine.take(object) }
        return try quarantine.publish(changes, replaceDetachedMetadata: false)
    }
}

extension RefName {
    /// A name that is known to be right.
    static func named(_ text: String) -> RefName { RefName(text)! }
}
