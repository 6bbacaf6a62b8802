// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Takes a verified file that is in memory, in the form in which it travels, on any thread; returns false where it has to be
/// kept.
package typealias VerifiedFileTaker = @Sendable (ObjectName, UnsafeRawBufferPointer) -> Bool

/// The place of one type of objects in a quarantine, in the form that the repository will have them in.
///
/// Files whose directory the repository lacks lie in one that becomes it, under the names that they will have. All others lie under
/// their checksums.
struct QuarantinePlace: Sendable {
    let type: ObjectType
    let directory: Directory
    /// The directories that are made here; nil where each file is shown by itself.
    let newDirectories: AbsentDirectories?
    /// The directory for files that are written piece by piece.
    let incoming: Directory
    let mode: RepositoryMode
    /// The permissions that the repository wants its files to have.
    let fileMode: mode_t
    /// Takes files in place of the directory.
    var taker: VerifiedFileTaker?

    /// Returns true if an object lies in a directory that the repository lacks.
    func liesInNewDirectory(_ checksum: Checksum) -> Bool {
        newDirectories?.includePlace(of: checksum) ?? false
    }

    /// Returns the path of an object below the directory.
    func path(of checksum: Checksum) -> String {
        guard liesInNewDirectory(checksum) else { return checksum.hex }
        return checksum.path(suffix: mode.suffix(of: type))
    }

    func contains(_ checksum: Checksum) throws -> Bool { try directory.contains(path(of: checksum)) }

    func status(of checksum: Checksum) throws -> stat? { try directory.status(of: path(of: checksum)) }

    func fileIfPresent(_ checksum: Checksum) throws -> Descriptor? {
        try directory.fileIfPresent(path(of: checksum))
    }

    func openFile(_ checksum: Checksum) throws -> Descriptor {
        try directory.openFile(path(of: checksum))
    }

    func remove(_ checksum: Checksum) throws { try directory.remove(path(of: checksum)) }

    /// Calls a closure with the path of each file below the directory, and with the object that it is; nil for a file of another
    /// kind. It may remove or move the file.
    func forEachFile(_ body: (String, Checksum?) throws -> Void) throws {
        try directory.forEachEntry { entry in
            guard entry.utf8.count == 2 else { return try body(entry, Checksum(hex: entry)) }
            try directory.directoryIfPresent(entry)?.forEachEntry { rest in
                let digits = rest.utf8.prefix(2 * Checksum.byteCount - 2)
                try body("\(entry)/\(rest)", Checksum(hex: "\(entry)\(Substring(digits))"))
            }
        }
    }

    /// Returns true if there is no file.
    func isEmpty() throws -> Bool {
        var isEmpty = true
        try forEachFile { _, _ in isEmpty = false }
        return isEmpty
    }

    /// Gives an object that lies elsewhere its place.
    ///
    /// - Returns: false if it is here already.
    func take(_ name: String, from other: Directory, as checksum: Checksum) throws(SystemError) -> Bool {
        let path = path(of: checksum)
        return try directory.makingParent(of: path) { () throws(SystemError) in
            try other.renameUnlessPresent(name, to: directory, path)
        }
    }

    /// The form in which the repository stores a file.
    private enum StoredForm {
        /// The bytes that travelled.
        case asSent
        /// The content.
        case content(StoredProperties)
        /// A symbolic link; in mode bare with the owner and attributes of its header.
        case link
    }

    private func storedForm(of header: FileHeader, _ name: ObjectName) throws -> StoredForm {
        switch mode {
        case .archive: return .asSent
        case .bareUserOnly:
            try QuarantinePlace.checkOwnerless(header, name)
            return header.isLink ? .link : .content(StoredProperties(mode: header.mode & 0o7777))
        case .bareUser:
            // As libostree does: readable to the owner's shell, without special rights.
            let mode = header.isLink ? 0o644 : header.mode & 0o775 | 0o400
            let attribute = (StoredProperties.bareUserAttribute, header.bareUserMetadata)
            return .content(StoredProperties(mode: mode, attributes: [attribute]))
        case .bare:
            return header.isLink
                ? .link
                : .content(
                    StoredProperties(
                        mode: header.mode & 0o7777, owner: (header.uid, header.gid),
                        attributes: header.attributePairs))
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
        case .asSent:
            guard taker?(name, bytes) != true else { return }
            try keep(name, bytes, mode: fileMode)
        case .link: try keepLink(name, header)
        case .content(let properties):
            guard header.isLink else { return try keep(name, content, properties) }
            try header.linkTargetBytes.withUnsafeBytes { try keep(name, $0, properties) }
        }
    }

    /// Keeps a verified file that was written to `incoming`.
    func keep(_ name: ObjectName, _ header: FileHeader, _ file: Descriptor, temporaryName: String) throws {
        switch try storedForm(of: header, name) {
        case .asSent: break
        case .link:
            try keepLink(name, header)
            return try incoming.remove(temporaryName)
        case .content(let properties):
            if header.isLink { try file.writeAll(header.linkTargetBytes) }
            try properties.apply(to: file)
        }
        guard try take(temporaryName, from: incoming, as: name.checksum) else {
            throw QuarantinePlace.sentTwice(name)
        }
    }

    /// Writes a verified object.
    ///
    /// The file has its final name from the start, which saves a rename for each object. Until it is complete it has no read
    /// permission, by which `isComplete` recognises what a killed process left. Setting attributes takes write permission.
    ///
    /// - Throws: `RepositoryError` with `badObject` if it is there already.
    func keep(_ name: ObjectName, _ bytes: UnsafeRawBufferPointer, mode: mode_t) throws {
        try keep(name, bytes, StoredProperties(mode: mode))
    }

    private func keep(
        _ name: ObjectName, _ bytes: UnsafeRawBufferPointer, _ properties: StoredProperties
    ) throws {
        let path = path(of: name.checksum)
        do {
            let file = try directory.makingParent(of: path) { () throws(SystemError) in
                try directory.createFile(path, mode: S_IWUSR)
            }
            do {
                try file.writeAll(bytes)
                try properties.apply(to: file)
            } catch {
                try? directory.remove(path)
                throw error
            }
        } catch let error as SystemError where error.code == EEXIST {
            throw QuarantinePlace.sentTwice(name)
        }
    }

    private func keepLink(_ name: ObjectName, _ header: FileHeader) throws {
        guard mode == .bare else {
            let path = path(of: name.checksum)
            do {
                return try directory.makingParent(of: path) { () throws(SystemError) in
                    try directory.makeLink(path, target: header.linkTarget)
                }
            } catch {
                throw error.code == EEXIST ? QuarantinePlace.sentTwice(name) : error
            }
        }
        // Under its final name, a link counts as complete.
        let temporaryName = "\(name.checksum.hex).link"
        try incoming.makeLink(temporaryName, target: header.linkTarget)
        do {
            try incoming.setOwner(of: temporaryName, header.uid, header.gid)
            for (attribute, value) in header.attributePairs {
                try incoming.setAttribute(of: temporaryName, rawName: attribute, to: value)
            }
            guard try take(temporaryName, from: incoming, as: name.checksum) else {
                throw QuarantinePlace.sentTwice(name)
            }
        } catch {
            try? incoming.remove(temporaryName)
            throw error
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

/// The permissions, owner and extended attributes of a stored file.
private struct StoredProperties {
    var mode: mode_t
    /// The owner; nil for the one that this process has.
    var owner: (user: uid_t, group: gid_t)?
    /// The names, each with a final NUL, and values.
    var attributes: [(name: [UInt8], value: [UInt8])] = []

    static let bareUserAttribute = Array("user.ostreemeta\0".utf8)

    /// Gives them to a file. The owner comes first: a new one takes capabilities and set-user-ID bits away.
    func apply(to file: Descriptor) throws {
        if let owner { try file.setOwner(owner.user, owner.group) }
        for (name, value) in attributes { try file.setAttribute(rawName: name, to: value) }
        try file.setMode(mode)
    }
}

extension FileHeader {
    /// The names of the extended attributes, each with a final NUL, and their values.
    fileprivate var attributePairs: [(name: [UInt8], value: [UInt8])] {
        (0..<attributes.count).map { (attributes[$0][0].bytes ?? [], attributes[$0][1].bytes ?? []) }
    }

    /// The content of the file that stands for a symbolic link in mode bare-user.
    fileprivate var linkTargetBytes: [UInt8] { Array(linkTarget.utf8) + [0] }
}
