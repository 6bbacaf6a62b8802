// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

extension Commit {
    /// Makes the bytes of a commit with the content, time and metadata of another one, below another parent and bound to
    /// another ref, as `flatpak build-commit-from` does. Signatures of the other one do not hold for it.
    ///
    /// - Parameters:
    ///   - bytes: the other commit's object.
    ///   - name: its name, which the new one keeps as `xa.from_commit`.
    ///   - parent: the new parent; nil for none.
    ///   - ref: the ref that is to point to the new commit.
    ///   - collection: the collection to bind it to; nil for none.
    static func reparented(
        _ bytes: UnsafeRawBufferPointer, _ name: ObjectName, onto parent: Checksum?, for ref: RefName,
        collection: String?
    ) throws(RepositoryError) -> [UInt8] {
        let commit = try Commit.variant(bytes, name)
        var bindings: [(key: String, value: Variant)] = [
            ("xa.ref", .string(ref.text)), ("xa.from_commit", .string(name.checksum.hex)),
            ("ostree.ref-binding", .array(of: "s", [.string(ref.text)])),
        ]
        if let collection { bindings.append(("ostree.collection-binding", .string(collection))) }
        let rewritten = Set(bindings.map(\.key) + ["ostree.collection-binding"])
        let kept = commit[0].entries.filter { !rewritten.contains($0.key) }
        let fields = [.dictionary(bindings + kept), .bytes(parent?.bytes ?? [])] + (2..<8).map { commit[$0] }
        return Variant.tuple(fields).serialized()
    }
}
