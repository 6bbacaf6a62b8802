// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Glibc
import SystemCalls
import Variants

/// An OSTree repository on this machine.
///
/// Opening, creating and locking are libostree's work; objects and refs are read and written here, since that is what this
/// project exists for.
public final class Repository: @unchecked Sendable {
    // OstreeRepo may be used from several threads; everything else is immutable, hence @unchecked Sendable.
    let handle: OpaquePointer

    /// The path of the repository, as it was named.
    public let path: String
    /// The form in which it stores objects.
    public let mode: RepositoryMode
    /// The permissions that files and directories in it are to have.
    public let permissions: RepositoryPermissions
    /// The place of the refs that it lists, publishes and deletes.
    public let refPlace: RefPlace
    let root: Directory
    let objects: Directory
    #if DEBUG
        /// The number of threads that verify and store received files. Tests that count system calls set it to 0, before
        /// anything is received, to have everything done in order.
        nonisolated(unsafe) package var workerCount = Thread.coreCount
        /// The most bytes of the dirtrees on one way down that the connectivity check has open. Tests make do with less.
        nonisolated(unsafe) package var maximumOpenSize = Repository.defaultMaximumOpenSize
        /// The most objects that a publication notes in memory. Tests make do with fewer.
        nonisolated(unsafe) package var rememberedObjects = Repository.defaultRememberedObjects
    #else
        let workerCount = Thread.coreCount
        let maximumOpenSize = Repository.defaultMaximumOpenSize
        let rememberedObjects = Repository.defaultRememberedObjects
    #endif
    package static let defaultMaximumOpenSize: UInt64 = 16 * 1024 * 1024
    package static let defaultRememberedObjects = 65_536

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
            g_object_unref(UnsafeMutableRawPointer(handle))
            throw RepositoryError(
                .unsuitableMode, "repository \(path) is of mode \(number.rawValue), which is not known here")
        }
        self.mode = mode
        refPlace = .heads
        root = try Directory(path)
        permissions = RepositoryPermissions(of: try root.descriptor.status())
        objects = try root.directory("objects")
    }

    /// Shares everything with another one, but its refs are those in `refPlace`.
    init(_ other: Repository, refPlace: RefPlace) {
        handle = OpaquePointer(g_object_ref(UnsafeMutableRawPointer(other.handle)))
        (path, mode, permissions) = (other.path, other.mode, other.permissions)
        (root, objects) = (other.root, other.objects)
        self.refPlace = refPlace
        #if DEBUG
            (workerCount, maximumOpenSize) = (other.workerCount, other.maximumOpenSize)
        #endif
    }

    deinit {
        g_object_unref(UnsafeMutableRawPointer(handle))
    }

    /// Makes a repository, with its directory if that is missing; one of the same mode that is there already is opened.
    ///
    /// - Parameters:
    ///   - path: the path.
    ///   - mode: the form in which it stores objects.
    ///   - collection: the globally unique name of its collection of refs; nil for none, or for any that is there.
    /// - Throws: `RepositoryError` if that cannot be done, or if there is one of another mode or collection.
    public static func create(
        _ path: String, mode: RepositoryMode, collection: String? = nil
    ) throws -> Repository {
        // What cannot be opened is not overwritten.
        if try Directory.fileAnywhereIfPresent("\(path)/config") != nil {
            let existing = try Repository(path)
            guard existing.mode == mode else {
                throw RepositoryError(
                    .unsuitableMode,
                    "cannot make a repository of mode \(mode) at \(path): there is one of mode \(existing.mode), so "
                        + "name another path or that mode")
            }
            guard collection == nil || existing.collection == collection else {
                throw RepositoryError(
                    .conflict,
                    "cannot make a repository of collection \(collection ?? "") at \(path): there is one of "
                        + "\(existing.collection.map { "collection \($0)" } ?? "no collection"), so name another path or that "
                        + "collection, or set core.collection-id with 'ostree config'")
            }
            return existing
        }
        let raw = OstreeRepoMode(rawValue: numericCast(mode.rawValue))
        let options = collection.map { Variant.dictionary([("collection-id", Variant.string($0))]) }
        let handle = try withGError("make a repository at \(path)") { error in
            withExtendedLifetime(options) {
                ostree_repo_create_at(AT_FDCWD, path, raw, options?.pointer, nil, error)
            }
        }
        guard let handle else { throw RepositoryError(.library, "cannot make a repository at \(path)") }
        let made = try Repository(owned: handle, path: path)
        try made.leaveSpaceToPolicies()
        return made
    }

    /// Returns true for a name that a collection can have: reversed domain names such as `org.example.Os`.
    public static func isCollection(_ name: String) -> Bool {
        ostree_validate_collection_id(name, nil) != 0
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
}
