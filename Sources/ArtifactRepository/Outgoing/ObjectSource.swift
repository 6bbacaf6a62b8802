// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls
import Variants

/// The source of an object's bytes for sending or checking.
enum ObjectSource {
    /// An object stored in the form in which it travels: metadata, and files of archive repositories.
    case stored(Descriptor, size: UInt64)
    /// An uncompressed file.
    case file(FileHeader, Descriptor, size: UInt64)
    /// A symbolic link.
    case link(FileHeader)
}

extension Repository {
    /// Opens an object for sending or checking.
    ///
    /// - Throws: `RepositoryError` with `missingObject` if the repository lacks it.
    func source(_ name: ObjectName) throws -> ObjectSource {
        let path = objectPath(name)
        guard let status = try objects.status(of: path) else {
            throw RepositoryError(
                .missingObject,
                "object \(name) is missing in \(self.path), so what contains it cannot be sent: check with 'ostree fsck'"
            )
        }
        if name.type != .file || mode == .archive {
            return .stored(try objects.openFile(path), size: UInt64(status.st_size))
        }
        if status.st_mode & S_IFMT == S_IFLNK {
            let target = String(decoding: try objects.linkTarget(path), as: UTF8.self)
            return .link(try header(name, path, status, linkTarget: target))
        }
        let file = try objects.openFile(path)
        guard mode == .bareUser else {
            return .file(try header(name, path, status), file, size: UInt64(status.st_size))
        }
        guard let stored = try file.attribute("user.ostreemeta") else {
            throw RepositoryError.badObject(
                name, "it has no attribute user.ostreemeta, as it must in a repository of mode bare-user")
        }
        var header = try FileHeader.bareUser(stored, of: name)
        guard header.isLink else { return .file(header, file, size: UInt64(status.st_size)) }
        let target = try file.readAll(limit: Int(PATH_MAX)).prefix { $0 != 0 }
        header.linkTarget = String(decoding: target, as: UTF8.self)
        return .link(header)
    }

    /// The header of a file in a bare or bare-user-only repository.
    private func header(
        _ name: ObjectName, _ path: String, _ status: stat, linkTarget: String = ""
    ) throws -> FileHeader {
        if mode == .bareUserOnly {
            return FileHeader(uid: 0, gid: 0, mode: status.st_mode, linkTarget: linkTarget)
        }
        let attributes = try ExtendedAttributes.read(objects, path)
        return FileHeader(
            uid: status.st_uid, gid: status.st_gid, mode: status.st_mode, linkTarget: linkTarget,
            attributes: attributes)
    }
}
