// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

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
        try bytes.withUnsafeBytes { bytes in
            try checkMetadata(bytes, name)
            try place.keep(name, bytes, mode: place.fileMode)
        }
    }
}

/// How files are stored in quarantine, which is how the repository will have them.
struct FileStorage: Sendable {
    let place: QuarantinePlace
    let mode: RepositoryMode

    /// Stores a file of which all is there.
    ///
    /// - Parameters:
    ///   - bytes: as it travels.
    ///   - content: decompressed.
    func keep(
        _ name: ObjectName, _ header: FileHeader, _ bytes: UnsafeRawBufferPointer,
        content: UnsafeRawBufferPointer
    ) throws {
        switch mode {
        case .archive: try place.keep(name, bytes, mode: place.fileMode)
        case .bareUserOnly:
            try FileStorage.checkOwnerless(header, name)
            if header.isLink { return try place.keepLink(name, target: header.linkTarget) }
            try place.keep(name, content, mode: header.mode & 0o7777)
        case .bareUser, .bare:
            let mode = FileStorage.bareUserMode(header)
            guard header.isLink else {
                return try place.keep(name, content, mode: mode, ostreeMetadata: header.bareUserMetadata)
            }
            try FileStorage.bareUserTarget(header).withUnsafeBytes {
                try place.keep(name, $0, mode: mode, ostreeMetadata: header.bareUserMetadata)
            }
        }
    }

    /// What stands in the file that stands for a symbolic link.
    fileprivate static func bareUserTarget(_ header: FileHeader) -> [UInt8] {
        Array(header.linkTarget.utf8) + [0]
    }

    /// As libostree does: what the owner's shell may read, and nothing that acts with another's rights.
    fileprivate static func bareUserMode(_ header: FileHeader) -> mode_t {
        header.isLink ? 0o644 : header.mode & 0o775 | 0o400
    }

    fileprivate static func checkOwnerless(_ header: FileHeader, _ name: ObjectName) throws {
        guard header.uid == 0, header.gid == 0, header.attributes.count == 0,
            header.isLink || header.mode & 0o7777 & ~0o775 == 0
        else {
            throw RepositoryError(
                .unsuitableMode,
                "object \(name) has an owner, extended attributes or special permissions, which a repository of mode "
                    + "bare-user-only cannot keep: use one of mode bare-user")
        }
    }
}

/// A file on its way in that comes in pieces: kept as it travels in an archive repository, decompressed in others.
final class IncomingFile: IncomingObject {
    private let name: ObjectName
    private let storage: FileStorage
    private let file: QuarantinedFile
    private var decoder: FilezDecoder
    /// How many bytes were written, and of how many the disk was told.
    private var (written, told) = (Int64(0), Int64(0))

    /// The disk is told of so many bytes at a time.
    private static let writingBack: Int64 = 8 * 1024 * 1024

    init(_ name: ObjectName, _ storage: FileStorage, temporaryName: String) throws {
        self.name = name
        self.storage = storage
        file = try QuarantinedFile(in: storage.place, named: temporaryName)
        decoder = FilezDecoder(name)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if storage.mode == .archive {
            try decoder.write(bytes) { _ in }
            try store(bytes)
        } else {
            try decoder.write(bytes) { try store($0) }
        }
    }

    private func store(_ bytes: UnsafeRawBufferPointer) throws {
        try file.descriptor.writeAll(bytes)
        written += Int64(bytes.count)
        guard written - told >= IncomingFile.writingBack else { return }
        file.descriptor.beginWritingBack(from: told, count: written - told)
        told = written
    }

    func finish() throws {
        let header = try decoder.finish()
        switch storage.mode {
        case .archive: break
        case .bareUserOnly:
            try FileStorage.checkOwnerless(header, name)
            if header.isLink { return try storage.place.keepLink(name, target: header.linkTarget) }
            try file.descriptor.setMode(header.mode & 0o7777)
        case .bareUser, .bare:
            if header.isLink { try file.descriptor.writeAll(FileStorage.bareUserTarget(header)) }
            try file.descriptor.setAttribute("user.ostreemeta", to: header.bareUserMetadata)
            try file.descriptor.setMode(FileStorage.bareUserMode(header))
        }
        try file.keep(name)
    }
}
