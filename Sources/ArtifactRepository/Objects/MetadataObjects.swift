// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import Variants

/// What of a commit matters for moving it: `(a{sv}aya(say)sstayay)` in OSTree.
public struct Commit: Sendable {
    /// The most bytes that a metadata object may have: libostree refuses larger ones.
    public static let maximumMetadataSize = 10 * 1024 * 1024

    /// The commit before this one, if any.
    public let parent: Checksum?
    /// The root's dirtree.
    public let tree: Checksum
    /// The root's dirmeta.
    public let treeMetadata: Checksum
    /// When it was made, in seconds since 1970.
    public let timestamp: UInt64
    /// The subject line.
    public let subject: String

    /// Reads and checks a commit object.
    public init(_ bytes: UnsafeRawBufferPointer, _ name: ObjectName) throws(RepositoryError) {
        guard let variant = try? Variant(parsing: bytes, as: "(a{sv}aya(say)sstayay)") else {
            throw .badObject(name, "it is not a well-formed commit")
        }
        let parentField = variant[1].bytes ?? []
        parent = try parentField.isEmpty ? nil : Checksum(field: variant[1], of: name)
        tree = try Checksum(field: variant[6], of: name)
        treeMetadata = try Checksum(field: variant[7], of: name)
        timestamp = (variant[5].uint64 ?? 0).bigEndian
        subject = variant[3].string ?? ""
    }
}

/// A directory's names: `(a(say)a(sayay))` in OSTree.
public struct DirTree: Sendable {
    private let files: Variant
    private let directories: Variant

    /// Reads and checks a dirtree object: names sane, sorted and unique, checksums of the right length.
    public init(_ bytes: UnsafeRawBufferPointer, _ name: ObjectName) throws(RepositoryError) {
        guard let variant = try? Variant(parsing: bytes, as: "(a(say)a(sayay))") else {
            throw .badObject(name, "it is not a well-formed dirtree")
        }
        files = variant[0]
        directories = variant[1]
        var previous: String?
        for index in 0..<files.count {
            let entry = files[index]
            previous = try DirTree.check(entry[0], after: previous, in: name)
            _ = try Checksum(field: entry[1], of: name)
        }
        previous = nil
        // Both are sorted, so one walk beside the other finds what is in both.
        var file = 0
        for index in 0..<directories.count {
            let entry = directories[index]
            previous = try DirTree.check(entry[0], after: previous, in: name)
            _ = try (Checksum(field: entry[1], of: name), Checksum(field: entry[2], of: name))
            guard let directory = previous?.utf8 else { continue }
            while file < files.count, let text = files[file][0].string {
                // As bytes: Swift takes names for equal that differ in their Unicode form, and file systems do not.
                guard !text.utf8.elementsEqual(directory) else {
                    throw .badObject(name, "‘\(text.forDisplay())’ stands in it twice")
                }
                guard text.utf8.lexicographicallyPrecedes(directory) else { break }
                file += 1
            }
        }
    }

    private static func check(
        _ field: Variant, after previous: String?, in tree: ObjectName
    ) throws(RepositoryError) -> String {
        let name = field.string ?? ""
        guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/")),
            name.utf8.count <= 255
        else { throw .badObject(tree, "‘\(name.forDisplay())’ is not a file name") }
        if let previous, !previous.utf8.lexicographicallyPrecedes(name.utf8) {
            throw .badObject(tree, "its names are not sorted and unique at ‘\(name.forDisplay())’")
        }
        return name
    }

    /// How many files and links it names.
    public var fileCount: Int { files.count }
    /// How many directories it names.
    public var directoryCount: Int { directories.count }

    /// The object of a file.
    public func file(_ index: Int) -> Checksum? {
        files[index][1].withBytes { Checksum(bytes: $0) } ?? nil
    }

    /// The dirtree and dirmeta of a directory.
    public func directory(_ index: Int) -> (tree: Checksum, metadata: Checksum)? {
        let entry = directories[index]
        guard let tree = entry[1].withBytes({ Checksum(bytes: $0) }) ?? nil,
            let metadata = entry[2].withBytes({ Checksum(bytes: $0) }) ?? nil
        else { return nil }
        return (tree, metadata)
    }
}

/// A directory's owner, mode and extended attributes: `(uuua(ayay))` in OSTree.
enum DirMeta {
    /// Checks a dirmeta object.
    static func check(_ bytes: UnsafeRawBufferPointer, _ name: ObjectName) throws(RepositoryError) {
        guard let variant = try? Variant(parsing: bytes, as: "(uuua(ayay))"),
            let mode = variant[2].uint32?.bigEndian
        else { throw .badObject(name, "it is not a well-formed dirmeta") }
        guard mode & S_IFMT == S_IFDIR, mode & ~(S_IFMT | 0o7777) == 0 else {
            throw .badObject(name, "its mode, \(String(mode, radix: 8)), is not a directory's")
        }
        try checkAttributes(variant[3], name)
    }
}

/// Checks a metadata object's form and, where the name covers it, its checksum.
func checkMetadata(_ bytes: UnsafeRawBufferPointer, _ name: ObjectName) throws(RepositoryError) {
    if name.type != .commitmeta {
        let digest = Digest()
        digest.update(bytes)
        let actual = digest.finish()
        guard actual == name.checksum else {
            throw .badObject(name, "its content has the checksum \(actual)")
        }
    }
    // GLib takes no bytes at all for an empty tuple of arrays; OSTree never writes it so.
    guard !bytes.isEmpty || name.type == .commitmeta else { throw .badObject(name, "it is empty") }
    switch name.type {
    case .commit: _ = try Commit(bytes, name)
    case .dirtree: _ = try DirTree(bytes, name)
    case .dirmeta: try DirMeta.check(bytes, name)
    case .commitmeta:
        guard (try? Variant(parsing: bytes, as: "a{sv}")) != nil else {
            throw .badObject(name, "it is not well-formed detached metadata")
        }
    case .file: throw .badObject(name, "it is no metadata")
    }
}

/// Checks extended attributes, `a(ayay)`: names are C strings.
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
