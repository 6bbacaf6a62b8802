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
        let variant = try Commit.variant(bytes, name)
        let parentField = variant[1].bytes ?? []
        parent = try parentField.isEmpty ? nil : Checksum(field: variant[1], of: name)
        tree = try Checksum(field: variant[6], of: name)
        treeMetadata = try Checksum(field: variant[7], of: name)
        timestamp = (variant[5].uint64 ?? 0).bigEndian
        subject = variant[3].string ?? ""
    }

    /// Reads a commit object that came from elsewhere.
    ///
    /// - Throws: `RepositoryError` with `badObject` where it is not what its name says.
    public init(verifying bytes: [UInt8], _ name: ObjectName) throws(RepositoryError) {
        let digest = Digest()
        digest.update(bytes)
        let sum = digest.finish()
        guard sum == name.checksum else { throw .badObject(name, "its checksum is \(sum)") }
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(RepositoryError) in try Commit(bytes, name) }
        }
        self = try result.get()
    }

    /// The whole of a commit object.
    static func variant(_ bytes: UnsafeRawBufferPointer, _ name: ObjectName) throws(RepositoryError)
        -> Variant
    {
        guard let variant = try? Variant(parsing: bytes, as: "(a{sv}aya(say)sstayay)") else {
            throw .badObject(name, "it is not a well-formed commit")
        }
        return variant
    }
}

/// A directory's names: `(a(say)a(sayay))` in OSTree.
public struct DirTree: Sendable {
    private let bytes: [UInt8]
    private let files: DenseArray
    private let directories: DenseArray

    /// Reads and checks a dirtree object: names sane, sorted and unique, checksums of the right length.
    public init(_ bytes: UnsafeRawBufferPointer, _ name: ObjectName) throws(RepositoryError) {
        guard let (first, second) = DenseArray.pair(bytes),
            let files = DenseArray(bytes, in: first, fields: 1),
            let directories = DenseArray(bytes, in: second, fields: 2)
        else { throw DirTree.notWellFormed(name) }
        try DirTree.check(files, bytes, checksums: 1, in: name)
        try DirTree.check(directories, bytes, checksums: 2, in: name)
        try DirTree.checkNoNameIsTwice(files, directories, bytes, in: name)
        self.bytes = Array(bytes)
        (self.files, self.directories) = (files, directories)
    }

    private static func notWellFormed(_ name: ObjectName) -> RepositoryError {
        .badObject(name, "it is not a well-formed dirtree")
    }

    private static func check(
        _ entries: DenseArray, _ bytes: UnsafeRawBufferPointer, checksums: Int, in tree: ObjectName
    ) throws(RepositoryError) {
        var previous: Slice<UnsafeRawBufferPointer>?
        for index in 0..<entries.count {
            guard let entry = entries.element(index, of: bytes) else { throw notWellFormed(tree) }
            let name = bytes[entry.string]
            guard isText(name) else { throw notWellFormed(tree) }
            try check(name, after: previous, in: tree)
            previous = name
            guard entry.first.count == Checksum.byteCount,
                checksums == 1 || entry.second.count == Checksum.byteCount
            else { throw .badObject(tree, "a checksum in it is not of 32 bytes") }
        }
    }

    /// Whether it is UTF-8 without NULs, as GVariant wants it.
    private static func isText(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        if name.allSatisfy({ $0 > 0 && $0 < 128 }) { return true }
        return !name.contains(0) && String(validating: name, as: UTF8.self) != nil
    }

    /// Both lists are sorted, so they are walked side by side. Names are compared as bytes: Swift takes names for equal
    /// that differ in their Unicode form, and file systems do not.
    private static func checkNoNameIsTwice(
        _ files: DenseArray, _ directories: DenseArray, _ bytes: UnsafeRawBufferPointer, in tree: ObjectName
    ) throws(RepositoryError) {
        var (file, directory) = (0, 0)
        while file < files.count, directory < directories.count {
            guard let first = files.element(file, of: bytes)?.string,
                let second = directories.element(directory, of: bytes)?.string
            else { return }
            switch order(bytes[first], bytes[second]) {
            case 0:
                throw .badObject(tree, "'\(shown(bytes[first]))' stands in it twice")
            case ..<0: file += 1
            default: directory += 1
            }
        }
    }

    /// Less than, equal to or greater than 0, as the first name is beside the second.
    private static func order(_ first: Slice<UnsafeRawBufferPointer>, _ second: Slice<UnsafeRawBufferPointer>)
        -> Int
    {
        let (left, right) = (
            UnsafeRawBufferPointer(rebasing: first), UnsafeRawBufferPointer(rebasing: second)
        )
        if let a = left.baseAddress, let b = right.baseAddress {
            let result = memcmp(a, b, min(left.count, right.count))
            if result != 0 { return Int(result) }
        }
        return left.count - right.count
    }

    private static func shown(_ name: Slice<UnsafeRawBufferPointer>) -> String {
        String(displaying: name).forDisplay()
    }

    private static func check(
        _ name: Slice<UnsafeRawBufferPointer>, after previous: Slice<UnsafeRawBufferPointer>?,
        in tree: ObjectName
    ) throws(RepositoryError) {
        let isDots = name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") }
        guard !isDots, !name.contains(UInt8(ascii: "/")), name.count <= 255 else {
            throw .badObject(tree, "'\(shown(name))' is not a file name")
        }
        if let previous, order(previous, name) >= 0 {
            throw .badObject(tree, "its names are not sorted and unique at '\(shown(name))'")
        }
    }

    /// How many files and links it names.
    public var fileCount: Int { files.count }
    /// How many directories it names.
    public var directoryCount: Int { directories.count }

    /// The name of a file.
    public func fileName(_ index: Int) -> String { name(index, in: files) }

    /// The name of a directory.
    public func directoryName(_ index: Int) -> String { name(index, in: directories) }

    private func name(_ index: Int, in entries: DenseArray) -> String {
        bytes.withUnsafeBytes { raw in
            // Names were checked to be UTF-8.
            entries.element(index, of: raw).map { String(decoding: raw[$0.string], as: UTF8.self) } ?? ""
        }
    }

    /// The object of a file.
    public func file(_ index: Int) -> Checksum? {
        bytes.withUnsafeBytes { raw in
            files.element(index, of: raw).flatMap {
                Checksum(bytes: UnsafeRawBufferPointer(rebasing: raw[$0.first]))
            }
        }
    }

    /// The dirtree and dirmeta of a directory.
    public func directory(_ index: Int) -> (tree: Checksum, metadata: Checksum)? {
        bytes.withUnsafeBytes { raw in
            guard let entry = directories.element(index, of: raw),
                let tree = Checksum(bytes: UnsafeRawBufferPointer(rebasing: raw[entry.first])),
                let metadata = Checksum(bytes: UnsafeRawBufferPointer(rebasing: raw[entry.second]))
            else { return nil }
            return (tree, metadata)
        }
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
