// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Glibc
import Variants

/// What a summary says of the repository as a whole, behind its refs: `a{sv}`.
enum SummaryMetadata {
    /// What libostree writes into a summary and takes out again by itself; anything else was added by somebody and is kept.
    private static let derived = [
        "ostree.static-deltas", "ostree.summary.collection-id", "ostree.summary.collection-map",
    ]

    /// The serialised dictionary.
    ///
    /// - Parameter old: that of the summary before, whose additional entries and order are kept.
    static func bytes(_ repository: Repository, keeping old: UnsafeRawBufferPointer?) -> [UInt8] {
        var own: [(key: String, value: Variant)] = [
            (
                "ostree.summary.mode",
                .string(repository.mode == .archive ? "archive-z2" : "\(repository.mode)")
            ),
            ("ostree.summary.last-modified", .uint64(UInt64(clamping: time(nil)).bigEndian)),
            ("ostree.summary.tombstone-commits", .bool(repository.setting("tombstone-commits"))),
            ("ostree.summary.indexed-deltas", .bool(true)),
        ]
        var entries: [(key: String, value: Variant)] = []
        if let old, let kept = try? Variant(parsing: old, as: "a{sv}") {
            for index in 0..<kept.count {
                let key = kept[index][0].string ?? ""
                if let place = own.firstIndex(where: { Array($0.key.utf8) == Array(key.utf8) }) {
                    entries.append(own.remove(at: place))
                } else if !derived.contains(key), !entries.contains(where: { $0.key == key }) {
                    entries.append((key, kept[index][1].unboxed))
                }
            }
        }
        return Variant.dictionary(entries + own).serialized()
    }
}

extension Repository {
    /// A truth value of the section `core` of the configuration; false where it is not there.
    func setting(_ key: String) -> Bool {
        g_key_file_get_boolean(ostree_repo_get_config(handle), "core", key, nil) != 0
    }

    /// Whether the summary has parts that only libostree knows how to write: deltas, and refs of collections.
    func hasUncommonSummary() throws -> Bool {
        try ostree_repo_get_collection_id(handle) != nil
            || ["deltas", "delta-indexes", "refs/mirrors"].contains {
                try root.directoryIfPresent($0)?.isEmpty() == false
            }
    }
}
