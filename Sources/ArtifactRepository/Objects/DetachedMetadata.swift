// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

/// The detached metadata of a commit, `a{sv}` in OSTree, among which are its signatures.
struct DetachedMetadata {
    private var entries: [(key: String, value: Variant)]

    /// Reads it from the object; no bytes are no metadata.
    ///
    /// - Throws: `RepositoryError` with `badObject` if it is not well formed.
    init(_ bytes: [UInt8]?, of commit: Checksum) throws(RepositoryError) {
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
        for (key, signature) in signatures { merge(key, .array(of: "ay", [.bytes(signature)])) }
    }

    /// The object's bytes.
    var bytes: [UInt8] { Variant.dictionary(entries).serialized() }

    /// Adds what another has: signatures that are not here, and other keys that are not here.
    mutating func merge(_ other: DetachedMetadata) {
        for (key, value) in other.entries { merge(key, value) }
    }

    private mutating func merge(_ key: String, _ value: Variant) {
        guard let place = entries.firstIndex(where: { $0.key == key }) else {
            return entries.append((key, value))
        }
        guard DetachedMetadata.isListOfSignatures(key, value),
            DetachedMetadata.isListOfSignatures(key, entries[place].value)
        else { return }
        var signatures = entries[place].value.elements
        for signature in value.elements where !signatures.contains(where: { $0.bytes == signature.bytes }) {
            signatures.append(signature)
        }
        entries[place].value = .array(of: "ay", signatures)
    }

    private static func isListOfSignatures(_ key: String, _ value: Variant) -> Bool {
        (key == "ostree.gpgsigs" || key.hasPrefix("ostree.sign.")) && value.typeString == "aay"
    }
}

extension Variant {
    fileprivate var elements: [Variant] { (0..<count).map { self[$0] } }
}
