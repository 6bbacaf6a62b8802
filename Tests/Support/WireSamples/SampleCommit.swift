// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A commit with a file, a link and a directory with a file, as objects.
package struct SampleCommit: Sendable {
    package let file: SampleObject
    package let link: SampleObject
    package let directoryMetadata: SampleObject
    package let directory: SampleObject
    package let rootMetadata: SampleObject
    package let root: SampleObject
    package let commit: SampleObject

    package init(_ subject: String = "first", parent: SampleCommit? = nil) {
        file = ArchivedFile(content: Array(subject.utf8)).object()
        link = ArchivedFile.link(to: "somewhere/else").object()
        directoryMetadata = SampleObject.dirmeta(mode: 0o40700)
        directory = SampleObject.dirtree(files: [("inner", file.checksum.bytes)])
        rootMetadata = SampleObject.dirmeta()
        root = SampleObject.dirtree(
            files: [("file", file.checksum.bytes), ("link", link.checksum.bytes)],
            directories: [("directory", directory.checksum.bytes, directoryMetadata.checksum.bytes)])
        commit = SampleObject.commit(
            tree: root.checksum.bytes, metadata: rootMetadata.checksum.bytes,
            parent: parent?.checksum.bytes ?? [], subject: subject)
    }

    package var checksum: Checksum { commit.checksum }

    package var objects: [SampleObject] {
        [file, link, directoryMetadata, directory, rootMetadata, root, commit]
    }
}
