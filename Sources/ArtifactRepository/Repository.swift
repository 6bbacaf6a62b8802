// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Glibc
import SystemCalls

/// An OSTree repository on this machine.
///
/// Opening, creating, locking and writing refs are libostree's work; objects are read and written here, since that
/// is what this project exists for.
public final class Repository: @unchecked Sendable {
    // OstreeRepo may be used from several threads; everything else is immutable, hence @unchecked Sendable.
    let handle: OpaquePointer

    /// Where the repository is, as it was named.
    public let path: String
    /// How it stores objects.
    public let mode: RepositoryMode
    /// The permissions that files and directories in it are to have.
    public let permissions: RepositoryPermissions
    let root: Directory
    let objects: Directory
    /// How many threads verify and write what is received; without any it is done in order, which tests want that count
    /// system calls. It is changed before anything is received.
    nonisolated(unsafe) package var workerCount = Thread.coreCount

    /// The most bytes of the dirtrees that are open at a time while it is looked whether all is there, those of one way
    /// down: each may have 10 MiB. Tests make do with less.
    nonisolated(unsafe) package var maximumOpenSize: UInt64 = 16 * 1024 * 1024

    /// Opens a repository.
    ///
    /// - Throws: `RepositoryError` with `notARepository`.
    public convenience init(_ path: String) throws {
        let handle = try withGError("open repository \(path)", code: .notARepository) { error in
            ostree_repo_open_at(AT_FDCWD, path, nil, error)
        }
        guard let handle else {
            throw RepositoryError(.notARepository, "cannot open repository \(path)")
        }
        try self.init(owned: handle, path: path)
    }

    private init(owned handle: OpaquePointer, path: String) throws {
        self.handle = handle
        self.path = path
        let number = ostree_repo_get_mode(handle)
        guard let mode = RepositoryMode(rawValue: Int32(number.rawValue)) else {
            costree_unref(UnsafeMutableRawPointer(handle))
            throw RepositoryError(
                .unsuitableMode, "repository \(path) is of mode \(number.rawValue), which is not known here")
        }
        self.mode = mode
        root = try Directory(path)
        permissions = RepositoryPermissions(of: try root.descriptor.status())
        objects = try root.directory("objects")
    }

    deinit {
        costree_unref(UnsafeMutableRawPointer(handle))
    }

    /// Makes a repository, with its folder where that is missing; one that is there already, of the same mode,
    /// is opened.
    ///
    /// - Throws: `RepositoryError` where that cannot be done, or where there is one of another mode.
    public static func create(_ path: String, mode: RepositoryMode) throws -> Repository {
        // What cannot be opened is not overwritten.
        if try Directory.fileAnywhereIfPresent("\(path)/config") != nil {
            let existing = try Repository(path)
            guard existing.mode == mode else {
                throw RepositoryError(
                    .unsuitableMode,
                    "cannot make a repository of mode \(mode) at \(path): there is one of mode \(existing.mode), so "
                        + "name another path or that mode")
            }
            return existing
        }
        let raw = OstreeRepoMode(rawValue: numericCast(mode.rawValue))
        let handle = try withGError("make a repository at \(path)") { error in
            ostree_repo_create_at(AT_FDCWD, path, raw, nil, nil, error)
        }
        guard let handle else { throw RepositoryError(.library, "cannot make a repository at \(path)") }
        let made = try Repository(owned: handle, path: path)
        try made.leaveSpaceToPolicies()
        return made
    }

    /// Turns off libostree's own limit of free space, as BuildStream does: near it, `ostree` could not even remove refs.
    private func leaveSpaceToPolicies() throws {
        guard let configuration = ostree_repo_copy_config(handle) else { return }
        defer { g_key_file_unref(configuration) }
        g_key_file_set_string(configuration, "core", "min-free-space-percent", "0")
        _ = try withGError("configure the repository at \(path)") { error in
            ostree_repo_write_config(handle, configuration, error)
        }
    }

    /// The path of an object below `objects/`.
    func objectPath(_ name: ObjectName) -> String {
        let hex = name.checksum.hex
        let suffix = name.type == .file ? mode.fileSuffix : name.type.rawValue
        let split = hex.index(hex.startIndex, offsetBy: 2)
        return "\(hex[..<split])/\(hex[split...]).\(suffix)"
    }

    /// Whether the repository has the object.
    public func contains(_ name: ObjectName) throws -> Bool {
        try objects.contains(objectPath(name))
    }

    /// How many bytes the file of an object has, as it is stored; nil where it is not there.
    public func storedSize(of name: ObjectName) throws -> UInt64? {
        try objects.status(of: objectPath(name)).map { UInt64(clamping: $0.st_size) }
    }

    /// How many bytes of disk the file of an object takes; nil where it is not there.
    func allocatedSize(of name: ObjectName) throws -> UInt64? {
        try objects.status(of: objectPath(name)).map { UInt64(clamping: $0.st_blocks) * 512 }
    }

    /// Reads a metadata object whole; nil where it is not there.
    ///
    /// - Throws: `RepositoryError` with `badObject` where it is larger than libostree allows.
    public func metadata(_ name: ObjectName) throws -> [UInt8]? {
        do {
            return try objects.openFile(objectPath(name)).readAll(limit: Commit.maximumMetadataSize)
        } catch {
            if error.isNotFound { return nil }
            guard error.code == EFBIG else { throw error }
            throw RepositoryError.badObject(name, "it is larger than \(Commit.maximumMetadataSize) bytes")
        }
    }

    /// Runs `body` while holding libostree's repository lock, shared: `ostree prune` waits, everything else goes
    /// on.
    func withSharedLock<T>(_ body: () throws -> T) throws -> T {
        _ = try withGError("lock repository \(path)") { error in
            ostree_repo_lock_push(handle, OSTREE_REPO_LOCK_SHARED, nil, error)
        }
        defer { ostree_repo_lock_pop(handle, OSTREE_REPO_LOCK_SHARED, nil, nil) }
        return try body()
    }
}
