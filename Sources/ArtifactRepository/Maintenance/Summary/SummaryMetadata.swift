// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls
import Variants

/// The summary's dictionary about the repository as a whole, `a{sv}`, which follows the refs.
enum SummaryMetadata {
    /// The keys that libostree adds and removes itself, and those that flatpak makes from the commits; entries under other
    /// keys are kept.
    private static let derived = [
        "ostree.static-deltas", "ostree.summary.collection-id", "ostree.summary.collection-map",
        "xa.cache", "xa.cache-version", "xa.sparse-cache",
    ]

    /// Returns the serialised dictionary.
    ///
    /// - Parameter old: The dictionary of the previous summary, whose additional entries and order are kept.
    static func bytes(_ repository: Repository, keeping old: UnsafeRawBufferPointer?) -> [UInt8] {
        var own = own(repository)
        var entries: [(key: String, value: Variant)] = []
        for (key, value) in lasting(in: old) {
            if let place = own.firstIndex(where: { Array($0.key.utf8) == Array(key.utf8) }) {
                entries.append(own.remove(at: place))
            } else {
                entries.append((key, value))
            }
        }
        return Variant.dictionary(entries + own).serialized()
    }

    /// Returns the serialised dictionary of the entries that were added to a summary, for libostree to add to its own.
    static func additions(to repository: Repository, in old: UnsafeRawBufferPointer) -> [UInt8] {
        let own = own(repository).map(\.key)
        return Variant.dictionary(lasting(in: old).filter { !own.contains($0.key) }).serialized()
    }

    /// The entries of every summary.
    private static func own(_ repository: Repository) -> [(key: String, value: Variant)] {
        [
            (
                "ostree.summary.mode",
                .string(repository.mode == .archive ? "archive-z2" : "\(repository.mode)")
            ),
            ("ostree.summary.last-modified", .uint64(UInt64(clamping: time(nil)).bigEndian)),
            ("ostree.summary.tombstone-commits", .bool(repository.setting("tombstone-commits"))),
            ("ostree.summary.indexed-deltas", .bool(true)),
        ]
    }

    /// Returns the entries that are not derived from refs and commits, the first of each key.
    private static func lasting(in old: UnsafeRawBufferPointer?) -> [(key: String, value: Variant)] {
        guard let old, let metadata = try? Variant(parsing: old, as: "a{sv}") else { return [] }
        var entries: [(key: String, value: Variant)] = []
        for index in 0..<metadata.count {
            let key = metadata[index][0].string ?? ""
            guard !derived.contains(key), !entries.contains(where: { $0.key == key }) else { continue }
            entries.append((key, metadata[index][1].unboxed))
        }
        return entries
    }
}

extension Repository {
    /// Calls `body` with the summary's dictionary, mapped into memory; nil if there is no summary.
    func withSummaryMetadata<T>(_ body: (UnsafeRawBufferPointer) throws -> T) throws -> T? {
        guard let file = try root.fileIfPresent("summary") else { return nil }
        let mapping = try FileMapping(file)
        return try withExtendedLifetime(mapping) {
            try SummaryEntries(mapping.bytes).map { try body($0.metadata) }
        }
    }

    /// Returns a Boolean setting of the configuration's section `core`; false if it is not set.
    func setting(_ key: String) -> Bool {
        configuration.flag(key)
    }

    /// Returns true if the summary needs parts that only libostree writes: static deltas, or refs of collections.
    package func hasUncommonSummary() throws -> Bool {
        try collection != nil
            || ["deltas", "delta-indexes", "refs/mirrors"].contains {
                try root.directoryIfPresent($0)?.isEmpty() == false
            }
    }
}
