// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Glibc
import Variants

/// The summary's dictionary about the repository as a whole, `a{sv}`, which follows the refs.
enum SummaryMetadata {
    /// The keys that libostree adds and removes itself; entries under unknown keys are kept.
    private static let derived = [
        "ostree.static-deltas", "ostree.summary.collection-id", "ostree.summary.collection-map",
    ]

    /// Returns the serialised dictionary.
    ///
    /// - Parameter old: The dictionary of the previous summary, whose additional entries and order are kept.
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
    /// Returns a Boolean setting of the configuration's section `core`; false if it is not set.
    func setting(_ key: String) -> Bool {
        g_key_file_get_boolean(ostree_repo_get_config(handle), "core", key, nil) != 0
    }

    /// Returns true if the summary needs parts that only libostree writes: static deltas, or refs of collections.
    func hasUncommonSummary() throws -> Bool {
        try ostree_repo_get_collection_id(handle) != nil
            || ["deltas", "delta-indexes", "refs/mirrors"].contains {
                try root.directoryIfPresent($0)?.isEmpty() == false
            }
    }
}
