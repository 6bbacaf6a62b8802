// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import Variants

/// The content of `summary.sig` in a bucket: signatures of the summary that is there, and of those that are about to take its
/// place.
///
/// No request replaces a summary together with its signatures. So those of the new one are put first, beside those of the old
/// one, and readers find a right one before and after. Each entry has the version that its summary is to replace: one with
/// another version will never be there.
///
/// Those of the summary that is there stand first, since GnuPG looks at no other one behind one that is wrong.
///
/// libostree and flatpak read the signatures alone, in arrays as they know them (`ostree.gpgsigs`, `ostree.sign.ed25519`); the
/// entries are in a value of their own, `a(aysa(say))`, with an empty version where there is no summary yet.
struct SummarySignatures: Equatable {
    /// The signatures of one summary.
    struct Entry: Equatable {
        /// The SHA-256 of the summary.
        var summary: Checksum
        /// The version that it replaces; nil where there was none.
        var base: ETag?
        /// The signatures, with the keys by which OSTree knows their kinds.
        var signatures: [(key: String, signature: [UInt8])]

        static func == (one: Entry, other: Entry) -> Bool {
            one.summary == other.summary && one.base == other.base
                && one.signatures.elementsEqual(other.signatures) { $0 == $1 }
        }
    }

    /// The largest object in bytes.
    static let maximumSize = 1 << 20
    /// The most summaries that have signatures at the same time.
    static let maximumCount = 64

    private static let entriesKey = "bst-artifact.summaries"
    private static let entriesType = "a(aysa(say))"
    private static let nonceKey = "bst-artifact.nonce"

    private(set) var entries: [Entry] = []

    /// Has no signatures.
    init() {}

    /// Reads signatures. Those of other programs are passed over, since nobody knows to which summary they belong.
    init(parsing bytes: [UInt8]) {
        guard let whole = try? Variant(parsing: bytes, as: "a{sv}"),
            let list = whole.entry(SummarySignatures.entriesKey),
            list.typeString == SummarySignatures.entriesType
        else { return }
        for index in 0..<min(list.count, SummarySignatures.maximumCount) {
            let (value, signatures) = (list[index], list[index][2])
            guard let summary = value[0].bytes.flatMap({ $0.withUnsafeBytes { Checksum(bytes: $0) } }) else {
                continue
            }
            entries.append(
                Entry(
                    summary: summary, base: value[1].string.flatMap { ETag($0) },
                    signatures: (0..<signatures.count).compactMap { place in
                        guard let key = signatures[place][0].string, let bytes = signatures[place][1].bytes
                        else { return nil }
                        return (key, bytes)
                    }))
        }
    }

    /// The object's bytes. They have random ones, so that no two writers put the same.
    func serialized() -> [UInt8] {
        var kinds: [(key: String, value: [Variant])] = []
        for (key, bytes) in entries.flatMap(\.signatures) {
            if let place = kinds.firstIndex(where: { $0.key == key }) {
                kinds[place].value.append(.bytes(bytes))
            } else {
                kinds.append((key, [.bytes(bytes)]))
            }
        }
        let list = entries.map { entry in
            Variant.tuple([
                .bytes(Array(entry.summary.bytes)), .string(entry.base?.text ?? ""),
                .array(
                    of: "(say)", entry.signatures.map { .tuple([.string($0.key), .bytes($0.signature)]) }),
            ])
        }
        return Variant.dictionary(
            kinds.map { ($0.key, .array(of: "ay", $0.value)) } + [
                (SummarySignatures.entriesKey, .array(of: "(aysa(say))", list)),
                (SummarySignatures.nonceKey, .bytes(LogEntry.makeID())),
            ]
        ).serialized()
    }

    /// Adds the signatures of a summary.
    mutating func add(_ entry: Entry) { entries.append(entry) }

    /// Removes the entries of summaries that are gone, or will never be there, and moves that of the one that is there to the front.
    ///
    /// All stay if that one has none: it was made by another program, or is no longer the newest.
    ///
    /// - Parameters:
    ///   - summary: the summary that is there.
    ///   - version: its version.
    mutating func reduce(to summary: Checksum?, _ version: ETag?) {
        let current = entries.filter { $0.summary == summary }
        guard !current.isEmpty else { return }
        entries = current + entries.filter { $0.summary != summary && $0.base != nil && $0.base == version }
    }
}
