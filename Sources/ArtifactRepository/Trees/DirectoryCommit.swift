// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Glibc
import Variants

extension Repository {
    /// Records a directory as one commit without a parent, as BuildStream records an artifact: everything in it is
    /// owned by 0:0, and all `refs` (an artifact's strong and weak cache key) point to it. In a repository with a collection ID
    /// it is bound to that and to the refs, without which `ostree pull` does not take it from there.
    ///
    /// - Returns: the commit. It holds the time, so a second one of the same files is another one.
    @discardableResult
    public func commit(
        directory: String, refs: [RefName], subject: String = ""
    ) throws -> Checksum {
        let action = "commit \(directory) to \(path)"
        try makeStandardDirectories()
        try checkPlaces(of: refs)
        let opened = try openedByLibrary()
        _ = try withGError(action) {
            opened.library.ostree_repo_prepare_transaction(opened.handle, nil, nil, $0)
        }
        do {
            let commit = try written(directory, subject, bindings(to: refs), action)
            for ref in refs {
                opened.library.ostree_repo_transaction_set_ref(opened.handle, nil, ref.text, commit)
            }
            _ = try withGError(action) {
                opened.library.ostree_repo_commit_transaction(opened.handle, nil, nil, $0)
            }
            guard let checksum = Checksum(hex: commit) else {
                throw RepositoryError(.library, "cannot \(action): libostree made no commit")
            }
            return checksum
        } catch {
            _ = opened.library.ostree_repo_abort_transaction(opened.handle, nil, nil)
            throw error
        }
    }

    /// The metadata of a commit in a repository with a collection ID; nil in others.
    private func bindings(to refs: [RefName]) -> Variant? {
        collection.map { collection in
            .dictionary([
                ("ostree.ref-binding", .array(of: "s", Set(refs).sorted().map { .string($0.text) })),
                ("ostree.collection-binding", .string(collection)),
            ])
        }
    }

    private func written(
        _ directory: String, _ subject: String, _ metadata: Variant?, _ action: String
    ) throws -> String {
        do { return try write(directory, subject, metadata, action) } catch let error as RepositoryError {
            // libostree names the last part of a path at best.
            guard let obstacle = CommitObstacle.find(in: directory) else { throw error }
            throw RepositoryError(error.code, "cannot \(action): \(obstacle)")
        }
    }

    private func write(
        _ directory: String, _ subject: String, _ metadata: Variant?, _ action: String
    ) throws -> String {
        let opened = try openedByLibrary()
        let tree = opened.library.ostree_mutable_tree_new()
        defer { tree.map { opened.library.g_object_unref(UnsafeMutableRawPointer($0)) } }
        let flags: OstreeRepoCommitModifierFlags =
            mode == .bareUserOnly
            ? OSTREE_REPO_COMMIT_MODIFIER_FLAGS_CANONICAL_PERMISSIONS : OSTREE_REPO_COMMIT_MODIFIER_FLAGS_NONE
        let modifier = opened.library.ostree_repo_commit_modifier_new(
            flags,
            { _, _, info, _ in
                // A function of C has no context; it is called by what is loaded.
                let library = try? OSTreeLibrary.functions()
                library?.g_file_info_set_attribute_uint32(info, "unix::uid", 0)
                library?.g_file_info_set_attribute_uint32(info, "unix::gid", 0)
                return OSTREE_REPO_COMMIT_FILTER_ALLOW
            }, nil, nil)
        defer { opened.library.ostree_repo_commit_modifier_unref(modifier) }
        _ = try withGError(action) {
            opened.library.ostree_repo_write_dfd_to_mtree(
                opened.handle, AT_FDCWD, directory, tree, modifier, nil, $0)
        }
        var root: OpaquePointer?
        _ = try withGError(action) {
            opened.library.ostree_repo_write_mtree(opened.handle, tree, &root, nil, $0)
        }
        defer { root.map { opened.library.g_object_unref(UnsafeMutableRawPointer($0)) } }
        var checksum: UnsafeMutablePointer<CChar>?
        _ = try withGError(action) {
            opened.library.ostree_repo_write_commit(
                opened.handle, nil, subject, nil, metadata?.pointer, root, &checksum, nil, $0)
        }
        withExtendedLifetime(metadata) {}
        defer { g_free(checksum) }
        return checksum.map { String(cString: $0) } ?? ""
    }
}
