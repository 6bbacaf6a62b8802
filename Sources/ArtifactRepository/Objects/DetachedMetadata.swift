// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

/// The detached metadata of a commit, `a{sv}` in OSTree, among which are its signatures.
package struct DetachedMetadata {
    private var entries: [(key: String, value: Variant)]

    /// The most signatures of one kind that are kept for a commit. No verifier looks at more.
    static let maximumSignatures = 64
    /// The most bytes that detached metadata may grow to by additions. What comes with its commit may be larger.
    package static let maximumGrownSize = 1 << 20

    /// Reads it from the object; no bytes are no metadata.
    ///
    /// - Throws: `RepositoryError` with `badObject` if it is not well formed.
    package init(_ bytes: [UInt8]?, of commit: Checksum) throws(RepositoryError) {
        guard let bytes else {
            entries = []
            return
        }
        do throws(VariantError) {
            entries = try Variant(parsing: bytes, as: "a{sv}").entries
        } catch {
            throw .badObject(ObjectName(commit, .commitmeta), "it is not well-formed detached metadata")
        }
    }

    /// Makes metadata of signatures, each of which is bytes under the key of its kind.
    init(signatures: [(key: String, signature: [UInt8])]) {
        entries = []
        merge(signatures.map { ($0.key, .array(of: "ay", [.bytes($0.signature)])) })
    }

    /// The object's bytes.
    var bytes: [UInt8] { Variant.dictionary(entries).serialized() }

    /// Adds what another has: signatures that are not here, and other keys that are not here.
    mutating func merge(_ other: DetachedMetadata) {
        merge(other.entries)
    }

    private mutating func merge(_ others: [(key: String, value: Variant)]) {
        // A peer decides how many there are. Keys are the same where their bytes are.
        var places = Dictionary(zip(entries.map { Array($0.key.utf8) }, entries.indices)) { first, _ in first
        }
        for (key, value) in others {
            if let place = places[Array(key.utf8)] {
                merge(value, into: place)
            } else {
                places[Array(key.utf8)] = entries.count
                entries.append((key, value))
            }
        }
    }

    private mutating func merge(_ value: Variant, into place: Int) {
        let key = entries[place].key
        guard DetachedMetadata.isListOfSignatures(key, value) else { return }
        // A value that holds no signatures is of no use under such a key.
        guard DetachedMetadata.isListOfSignatures(key, entries[place].value) else {
            return entries[place].value = value
        }
        var signatures = entries[place].value.elements
        var known = Set(signatures.compactMap(\.bytes))
        for signature in value.elements where known.insert(signature.bytes ?? []).inserted {
            signatures.append(signature)
        }
        if signatures.count > entries[place].value.count {
            entries[place].value = .array(of: "ay", signatures)
        }
    }

    /// The reason why this is too much to be kept, as the end of a sentence that begins with the commit; nil if it is not.
    var excess: String? {
        for (key, value) in entries
        where DetachedMetadata.isListOfSignatures(key, value)
            && value.count > DetachedMetadata.maximumSignatures
        {
            return
                "would have \(value.count) signatures under '\(key.forDisplay(limit: 80))', and at most "
                + "\(DetachedMetadata.maximumSignatures) are kept"
        }
        let size = bytes.count
        guard size > DetachedMetadata.maximumGrownSize else { return nil }
        return
            "would have detached metadata of \(size) bytes, and it may grow to \(DetachedMetadata.maximumGrownSize)"
    }

    /// The signatures under a key; none if its value is no list of them.
    func signatures(_ key: String) -> [[UInt8]] {
        guard let value = entries.first(where: { $0.key == key })?.value, value.typeString == "aay" else {
            return []
        }
        return value.elements.compactMap(\.bytes)
    }

    // MARK: Items

    /// A part that is added to other metadata as a whole: one signature, or the value of another key.
    package struct Item: Hashable, Sendable {
        /// SHA-256 of the key, a zero byte and, of a signature, its bytes.
        package let digest: Checksum
        /// Indicates that it is a signature.
        package let isSignature: Bool
    }

    /// All items, each once.
    package var items: Set<Item> {
        var found: Set<Item> = []
        for (key, value) in entries {
            let head = Array(key.utf8) + [0]
            guard DetachedMetadata.isListOfSignatures(key, value) else {
                found.insert(Item(digest: Digest(of: head).finish(), isSignature: false))
                continue
            }
            for signature in value.elements {
                let digest = Digest(of: head + (signature.bytes ?? [])).finish()
                found.insert(Item(digest: digest, isSignature: true))
            }
        }
        return found
    }

    private static func isListOfSignatures(_ key: String, _ value: Variant) -> Bool {
        (key == "ostree.gpgsigs" || key.hasPrefix("ostree.sign.")) && value.typeString == "aay"
    }
}

extension Variant {
    fileprivate var elements: [Variant] { (0..<count).map { self[$0] } }
}
