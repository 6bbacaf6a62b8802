// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Glibc
import SystemCalls
import Variants

/// A repository as libostree has it open, which it is from its first use on.
final class LibraryRepository: Sendable {
    /// An open repository and the functions to use it with.
    struct Opened: @unchecked Sendable {
        // OstreeRepo may be used from several threads.
        let handle: OpaquePointer
        let library: costree_functions
    }

    private let path: String
    private let opened = Monitor<Opened?>(nil)

    init(_ path: String) {
        self.path = path
    }

    deinit {
        guard let opened = opened.withLock({ $0 }) else { return }
        opened.library.g_object_unref(UnsafeMutableRawPointer(opened.handle))
    }

    /// Opens the repository, unless it is open.
    ///
    /// - Throws: `RepositoryError` with `notARepository` where libostree does not open it.
    func open() throws -> Opened {
        try opened.withLock { known in
            if let known { return known }
            let library = try OSTreeLibrary.functions()
            let handle = try withGError("open repository \(path)", code: .notARepository) { error in
                library.ostree_repo_open_at(AT_FDCWD, path, nil, error)
            }
            guard let handle else {
                throw RepositoryError(.notARepository, "cannot open repository \(path)")
            }
            let opened = Opened(handle: handle, library: library)
            known = opened
            return opened
        }
    }

    /// Makes a repository that has no limit of free space of its own, as BuildStream does: near that, `ostree` could not even
    /// remove refs.
    static func make(_ path: String, mode: RepositoryMode, collection: String?) throws {
        let library = try OSTreeLibrary.functions()
        let options = collection.map { Variant.dictionary([("collection-id", Variant.string($0))]) }
        let handle = try withGError("make a repository at \(path)") { error in
            withExtendedLifetime(options) {
                library.ostree_repo_create_at(
                    AT_FDCWD, path, OstreeRepoMode(rawValue: numericCast(mode.rawValue)), options?.pointer,
                    nil, error)
            }
        }
        guard let handle else { throw RepositoryError(.library, "cannot make a repository at \(path)") }
        defer { library.g_object_unref(UnsafeMutableRawPointer(handle)) }
        guard let configuration = library.ostree_repo_copy_config(handle) else { return }
        defer { g_key_file_unref(configuration) }
        g_key_file_set_string(configuration, "core", "min-free-space-percent", "0")
        _ = try withGError("configure the repository at \(path)") { error in
            library.ostree_repo_write_config(handle, configuration, error)
        }
    }
}
