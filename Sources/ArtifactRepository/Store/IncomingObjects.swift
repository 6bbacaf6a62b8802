// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// A file in quarantine that gets its name once it was found right, and goes if it never was.
final class QuarantinedFile {
    let descriptor: Descriptor
    private let directory: Directory
    private let temporaryName: String
    private var isKept = false

    init(in directory: Directory, named temporaryName: String) throws {
        self.directory = directory
        self.temporaryName = temporaryName
        descriptor = try directory.createFile(temporaryName)
    }

    /// Puts a symbolic link in the file's place.
    func becomeLink(to target: String) throws {
        try directory.remove(temporaryName)
        try directory.makeLink(temporaryName, target: target)
    }

    deinit {
        if !isKept { try? directory.remove(temporaryName) }
    }

    func keep(_ name: ObjectName, in target: Directory) throws {
        guard try directory.renameUnlessPresent(temporaryName, to: target, name.checksum.hex) else {
            throw RepositoryError.badObject(name, "it was sent twice")
        }
        isKept = true
    }
}

/// A metadata object on its way in. It is held in memory, since libostree bounds its size.
final class IncomingMetadata: IncomingObject {
    private let name: ObjectName
    private let place: QuarantinePlace
    private var bytes: [UInt8] = []

    init(_ name: ObjectName, place: QuarantinePlace) {
        self.name = name
        self.place = place
    }

    func write(_ more: UnsafeRawBufferPointer) throws {
        guard bytes.count + more.count <= Commit.maximumMetadataSize else {
            throw RepositoryError.badObject(name, "it is larger than \(Commit.maximumMetadataSize) bytes")
        }
        bytes.append(contentsOf: more)
    }

    func finish() throws {
        try bytes.withUnsafeBytes { try checkMetadata($0, name) }
        let file = try place.makeFile()
        try file.descriptor.writeAll(bytes)
        try file.keep(name, in: place.directory)
    }
}

/// A file on its way into an archive repository: kept as it travels.
final class IncomingArchivedFile: IncomingObject {
    private let name: ObjectName
    private let place: QuarantinePlace
    private let file: QuarantinedFile
    private var decoder: FilezDecoder

    init(_ name: ObjectName, place: QuarantinePlace) throws {
        self.name = name
        self.place = place
        file = try place.makeFile()
        decoder = FilezDecoder(name)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try decoder.write(bytes) { _ in }
        try file.descriptor.writeAll(bytes)
    }

    func finish() throws {
        _ = try decoder.finish()
        try file.keep(name, in: place.directory)
    }
}

/// A file on its way into a bare-user or bare-user-only repository: decompressed.
final class IncomingBareFile: IncomingObject {
    private let name: ObjectName
    private let place: QuarantinePlace
    private let mode: RepositoryMode
    private let file: QuarantinedFile
    private var decoder: FilezDecoder

    init(_ name: ObjectName, place: QuarantinePlace, mode: RepositoryMode) throws {
        self.name = name
        self.place = place
        self.mode = mode
        file = try place.makeFile()
        decoder = FilezDecoder(name)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try decoder.write(bytes) { try file.descriptor.writeAll($0) }
    }

    func finish() throws {
        let header = try decoder.finish()
        if mode == .bareUserOnly { return try finishWithoutOwners(header) }
        if header.isLink { try file.descriptor.writeAll(Array(header.linkTarget.utf8) + [0]) }
        try file.descriptor.setAttribute("user.ostreemeta", to: header.bareUserMetadata)
        // As libostree does: what the owner's shell may read, and nothing that acts with another's rights.
        try file.descriptor.setMode(header.isLink ? 0o644 : header.mode & 0o775 | 0o400)
        try file.keep(name, in: place.directory)
    }

    private func finishWithoutOwners(_ header: FileHeader) throws {
        let permissions = header.mode & 0o7777
        guard header.uid == 0, header.gid == 0, header.attributes.count == 0,
            header.isLink || permissions & ~0o775 == 0
        else {
            throw RepositoryError(
                .unsuitableMode,
                "object \(name) has an owner, extended attributes or special permissions, which a repository of mode "
                    + "bare-user-only cannot keep: use one of mode bare-user")
        }
        if header.isLink {
            try file.becomeLink(to: header.linkTarget)
        } else {
            try file.descriptor.setMode(permissions)
        }
        try file.keep(name, in: place.directory)
    }
}
