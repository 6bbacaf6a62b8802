// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// The place of one type of objects in a quarantine, in the form that the repository will have them in.
struct QuarantinePlace: Sendable {
    let directory: Directory
    /// The directory for files that are written piece by piece.
    let incoming: Directory
    let mode: RepositoryMode
    /// The permissions that the repository wants its files to have.
    let fileMode: mode_t

    /// The form in which the repository stores a file.
    private enum StoredForm {
        /// The bytes that travelled.
        case asSent
        /// The content, with permissions and, in mode bare-user, the attribute `user.ostreemeta`.
        case content(mode_t, attribute: [UInt8]?)
        /// A symbolic link.
        case link
    }

    private func storedForm(of header: FileHeader, _ name: ObjectName) throws -> StoredForm {
        switch mode {
        case .archive: return .asSent
        case .bareUserOnly:
            try QuarantinePlace.checkOwnerless(header, name)
            return header.isLink ? .link : .content(header.mode & 0o7777, attribute: nil)
        case .bareUser, .bare:
            // As libostree does: readable to the owner's shell, without special rights.
            let mode = header.isLink ? 0o644 : header.mode & 0o775 | 0o400
            return .content(mode, attribute: header.bareUserMetadata)
        }
    }

    private static func checkOwnerless(_ header: FileHeader, _ name: ObjectName) throws {
        guard header.uid == 0, header.gid == 0, header.attributes.count == 0,
            header.isLink || header.mode & 0o7777 & ~0o775 == 0
        else {
            throw RepositoryError(
                .unsuitableMode,
                "object \(name) has an owner, extended attributes or special permissions, which a repository of mode "
                    + "bare-user-only cannot keep: use one of mode bare-user")
        }
    }

    /// Keeps a verified file that is in memory.
    ///
    /// - Parameter bytes: the bytes that travelled.
    func keep(
        _ name: ObjectName, _ header: FileHeader, _ bytes: UnsafeRawBufferPointer,
        content: UnsafeRawBufferPointer
    ) throws {
        switch try storedForm(of: header, name) {
        case .asSent: try keep(name, bytes, mode: fileMode)
        case .link: try keepLink(name, header)
        case .content(let mode, let attribute):
            guard header.isLink else { return try keep(name, content, mode: mode, attribute: attribute) }
            try header.linkTargetBytes.withUnsafeBytes {
                try keep(name, $0, mode: mode, attribute: attribute)
            }
        }
    }

    /// Keeps a verified file that was written to `incoming`.
    func keep(_ name: ObjectName, _ header: FileHeader, _ file: Descriptor, temporaryName: String) throws {
        switch try storedForm(of: header, name) {
        case .asSent: break
        case .link:
            try keepLink(name, header)
            return try incoming.remove(temporaryName)
        case .content(let mode, let attribute):
            if header.isLink { try file.writeAll(header.linkTargetBytes) }
            if let attribute { try file.setAttribute("user.ostreemeta", to: attribute) }
            try file.setMode(mode)
        }
        guard try incoming.renameUnlessPresent(temporaryName, to: directory, name.checksum.hex) else {
            throw QuarantinePlace.sentTwice(name)
        }
    }

    /// Writes a verified object.
    ///
    /// The file has its final name from the start, which saves a rename for each object. Until it is complete it has no read
    /// permission, by which `isComplete` recognises what a killed process left. Setting attributes takes write permission.
    ///
    /// - Throws: `RepositoryError` with `badObject` if it is there already.
    func keep(
        _ name: ObjectName, _ bytes: UnsafeRawBufferPointer, mode: mode_t, attribute: [UInt8]? = nil
    ) throws {
        let entry = name.checksum.hex
        do {
            let file = try directory.createFile(entry, mode: S_IWUSR)
            do {
                try file.writeAll(bytes)
                if let attribute { try file.setAttribute("user.ostreemeta", to: attribute) }
                try file.setMode(mode)
            } catch {
                try? directory.remove(entry)
                throw error
            }
        } catch let error as SystemError where error.code == EEXIST {
            throw QuarantinePlace.sentTwice(name)
        }
    }

    private func keepLink(_ name: ObjectName, _ header: FileHeader) throws {
        do {
            try directory.makeLink(name.checksum.hex, target: header.linkTarget)
        } catch {
            throw error.code == EEXIST ? QuarantinePlace.sentTwice(name) : error
        }
    }

    /// Returns true if a file in `directory` was written to its end.
    static func isComplete(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFLNK || status.st_mode & S_IRUSR != 0
    }

    private static func sentTwice(_ name: ObjectName) -> RepositoryError {
        .badObject(name, "it was sent twice")
    }
}

extension FileHeader {
    /// The content of the file that stands for a symbolic link in mode bare-user.
    fileprivate var linkTargetBytes: [UInt8] { Array(linkTarget.utf8) + [0] }
}
