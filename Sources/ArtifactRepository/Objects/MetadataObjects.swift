// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import Variants

/// The fields of a commit that matter for moving it: `(a{sv}aya(say)sstayay)` in OSTree.
public struct Commit: Sendable {
    /// The maximum size of a metadata object in bytes: libostree refuses larger ones.
    public static let maximumMetadataSize = 10 * 1024 * 1024

    /// The parent commit, if any.
    public let parent: Checksum?
    /// The root's dirtree.
    public let tree: Checksum
    /// The root's dirmeta.
    public let treeMetadata: Checksum
    /// The commit's time, in seconds since 1970.
    public let timestamp: UInt64
    /// The subject line.
    public let subject: String

    /// Reads and checks a commit object.
    public init(_ bytes: UnsafeRawBufferPointer, _ name: ObjectName) throws(RepositoryError) {
        let variant = try Commit.variant(bytes, name)
        let parentField = variant[1].bytes ?? []
        parent = try parentField.isEmpty ? nil : Checksum(field: variant[1], of: name)
        tree = try Checksum(field: variant[6], of: name)
        treeMetadata = try Checksum(field: variant[7], of: name)
        timestamp = (variant[5].uint64 ?? 0).bigEndian
        subject = variant[3].string ?? ""
    }

    /// Reads a commit object that came from elsewhere and checks its checksum.
    ///
    /// - Throws: `RepositoryError` with `badObject` if it does not match its name.
    public init(verifying bytes: [UInt8], _ name: ObjectName) throws(RepositoryError) {
        try Digest(of: bytes).check(name)
        self = try bytes.span.bytes.withUnsafeBytes { raw throws(RepositoryError) in try Commit(raw, name) }
    }

    /// The commit object as a variant.
    static func variant(_ bytes: UnsafeRawBufferPointer, _ name: ObjectName) throws(RepositoryError)
        -> Variant
    {
        guard let variant = try? Variant(parsing: bytes, as: "(a{sv}aya(say)sstayay)") else {
            throw .badObject(name, "it is not a well-formed commit")
        }
        return variant
    }

    /// Visits the root directory's objects.
    func forEachPart(_ visit: (ObjectName) throws -> Void) throws {
        try visit(ObjectName(treeMetadata, .dirmeta))
        try visit(ObjectName(tree, .dirtree))
    }
}

/// Checks a dirmeta object, a directory's owner, mode and extended attributes: `(uuua(ayay))` in OSTree.
private func checkDirMeta(_ bytes: UnsafeRawBufferPointer, _ name: ObjectName) throws(RepositoryError) {
    guard let variant = try? Variant(parsing: bytes, as: "(uuua(ayay))"),
        let mode = variant[2].uint32?.bigEndian
    else { throw .badObject(name, "it is not a well-formed dirmeta") }
    guard mode & S_IFMT == S_IFDIR, mode & ~(S_IFMT | 0o7777) == 0 else {
        throw .badObject(name, "its mode, \(String(mode, radix: 8)), is not a directory's")
    }
    try checkAttributes(variant[3], name)
}

/// Checks a metadata object's form and its checksum; detached metadata has none, since it is named after its commit.
func checkMetadata(_ bytes: UnsafeRawBufferPointer, _ name: ObjectName) throws(RepositoryError) {
    if name.type != .commitmeta {
        let digest = Digest()
        digest.update(bytes)
        try digest.check(name)
    }
    // GLib reads zero bytes as a tuple of empty arrays, which OSTree never writes.
    guard !bytes.isEmpty || name.type == .commitmeta else { throw .badObject(name, "it is empty") }
    switch name.type {
    case .commit: _ = try Commit(bytes, name)
    case .dirtree: _ = try DirTree(bytes, name)
    case .dirmeta: try checkDirMeta(bytes, name)
    case .commitmeta:
        guard (try? Variant(parsing: bytes, as: "a{sv}")) != nil else {
            throw .badObject(name, "it is not well-formed detached metadata")
        }
    case .file: throw .badObject(name, "it is no metadata")
    }
}

/// Checks that the names of extended attributes, `a(ayay)`, are C strings.
func checkAttributes(_ attributes: Variant, _ name: ObjectName) throws(RepositoryError) {
    for index in 0..<attributes.count {
        let key = attributes[index][0].bytes ?? []
        guard key.count > 1, key.firstIndex(of: 0) == key.count - 1 else {
            throw .badObject(name, "an extended attribute in it has no proper name")
        }
    }
}

extension Checksum {
    fileprivate init(field: Variant, of name: ObjectName) throws(RepositoryError) {
        guard let checksum = field.withBytes({ Checksum(bytes: $0) }) ?? nil else {
            throw .badObject(name, "a checksum in it is not of 32 bytes")
        }
        self = checksum
    }
}
