// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import Variants

/// A directory's entries: `(a(say)a(sayay))` in OSTree.
public struct DirTree: Sendable {
    /// The maximum depth of a tree: deeper ones are refused, as by libostree.
    package static let maximumDepth = 256

    fileprivate let bytes: [UInt8]
    private let fileEntries: DenseArray
    private let directoryEntries: DenseArray

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
        (fileEntries, directoryEntries) = (files, directories)
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

    /// Returns true if the name is UTF-8 without NULs, as GVariant requires of strings.
    private static func isText(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        if name.allSatisfy({ $0 > 0 && $0 < 128 }) { return true }
        return !name.contains(0) && String(validating: name, as: UTF8.self) != nil
    }

    /// Checks that no name is both a file's and a directory's, by merging the two sorted lists. Names are compared as
    /// bytes: Swift considers different Unicode forms of a name equal, file systems do not.
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

    /// Compares two names bytewise: negative if the first sorts before the second, 0 if they are equal.
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

    /// The files and links, sorted by name.
    public var files: Entries<File> {
        (0..<fileEntries.count).lazy.map { index in
            let entry = entry(index, of: fileEntries)
            return File(checksum: checksum(entry.first), encodedName: Name(range: entry.string, tree: self))
        }
    }

    /// The directories, sorted by name.
    public var directories: Entries<Subdirectory> {
        (0..<directoryEntries.count).lazy.map { index in
            let entry = entry(index, of: directoryEntries)
            return Subdirectory(
                tree: checksum(entry.first), metadata: checksum(entry.second),
                encodedName: Name(range: entry.string, tree: self))
        }
    }

    /// Visits all objects in the tree, files first.
    package func forEachPart(_ visit: (ObjectName) throws -> Void) throws {
        for file in files { try visit(ObjectName(file.checksum, .file)) }
        for directory in directories {
            try visit(ObjectName(directory.metadata, .dirmeta))
            try visit(ObjectName(directory.tree, .dirtree))
        }
    }

    private func entry(
        _ index: Int, of entries: DenseArray
    ) -> (string: Range<Int>, first: Range<Int>, second: Range<Int>) {
        guard let entry = bytes.withUnsafeBytes({ entries.element(index, of: $0) }) else {
            preconditionFailure("every entry was checked when the tree was read")
        }
        return entry
    }

    private func checksum(_ range: Range<Int>) -> Checksum {
        let checksum = bytes.withUnsafeBytes {
            Checksum(bytes: UnsafeRawBufferPointer(rebasing: $0[range]))
        }
        guard let checksum else { preconditionFailure("every checksum was checked when the tree was read") }
        return checksum
    }
}

extension DirTree {
    /// A file or symbolic link in a directory.
    public struct File: Sendable {
        /// Its object.
        public let checksum: Checksum
        fileprivate let encodedName: Name
        /// Its name.
        public var name: String { encodedName.text }
    }

    /// A subdirectory.
    public struct Subdirectory: Sendable {
        /// Its dirtree.
        public let tree: Checksum
        /// Its dirmeta.
        public let metadata: Checksum
        fileprivate let encodedName: Name
        /// Its name.
        public var name: String { encodedName.text }
    }

    /// A name that is decoded on demand, since most readers need only checksums.
    fileprivate struct Name: Sendable {
        let range: Range<Int>
        let tree: DirTree
        var text: String { tree.bytes.withUnsafeBytes { String(decoding: $0[range], as: UTF8.self) } }
    }

    /// Entries that are decoded one at a time.
    public typealias Entries<Element> = LazyMapCollection<Range<Int>, Element>
}
