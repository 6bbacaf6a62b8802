// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls
import Variants

/// An OSTree repository on this machine.
///
/// It is read, locked and written here, since that is what this project exists for; libostree commits and checks out
/// directories, and makes repositories, static deltas and uncommon summaries.
public final class Repository: @unchecked Sendable {
    // Everything is immutable, but for the settings of tests, hence @unchecked Sendable.
    let configuration: RepositoryConfiguration
    private let library: LibraryRepository

    /// The path of the repository, as it was named.
    public let path: String
    /// The form in which it stores objects.
    public var mode: RepositoryMode { configuration.mode }
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
    /// - Throws: `RepositoryError` with `notARepository` or `unsuitableMode`.
    public init(_ path: String) throws {
        self.path = path
        refPlace = .heads
        do {
            root = try Directory(path)
            objects = try root.directory("objects")
        } catch {
            throw RepositoryError(.notARepository, "cannot open repository \(path): \(error.reason)")
        }
        configuration = try RepositoryConfiguration(of: root)
        permissions = RepositoryPermissions(of: try root.descriptor.status())
        library = LibraryRepository(path)
    }

    /// Shares everything with another one, but its refs are those in `refPlace`.
    init(_ other: Repository, refPlace: RefPlace) {
        (path, configuration, library) = (other.path, other.configuration, other.library)
        (root, objects, permissions) = (other.root, other.objects, other.permissions)
        self.refPlace = refPlace
        #if DEBUG
            (workerCount, maximumOpenSize) = (other.workerCount, other.maximumOpenSize)
        #endif
    }

    /// Returns the repository as libostree has it open.
    func openedByLibrary() throws -> LibraryRepository.Opened { try library.open() }

    /// Loads libostree and opens the repository with it, for a process that is about to give up access to other files. Every
    /// other one does so when it needs it.
    ///
    /// - Throws: `RepositoryError` with `library` or `notARepository` where that cannot be done.
    package func openByLibrary() throws { _ = try openedByLibrary() }

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
        try LibraryRepository.make(path, mode: mode, collection: collection)
        return try Repository(path)
    }

    /// Returns true for a name that a collection can have: reversed domain names such as `org.example.Os`.
    ///
    /// - Throws: `RepositoryError` with `library` where libostree, which knows, cannot be loaded.
    public static func isCollection(_ name: String) throws(RepositoryError) -> Bool {
        try OSTreeLibrary.functions().ostree_validate_collection_id(name, nil) != 0
    }
}
