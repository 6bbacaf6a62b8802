// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

extension Repository {
    /// The path of an object below `objects/`.
    func objectPath(_ name: ObjectName) -> String {
        name.checksum.path(suffix: mode.suffix(of: name.type))
    }

    /// Returns true if the repository has the object.
    public func contains(_ name: ObjectName) throws -> Bool {
        try objects.contains(objectPath(name))
    }

    /// The size of an object's file in bytes, as it is stored; nil if it is not there.
    public func storedSize(of name: ObjectName) throws -> UInt64? {
        try objects.status(of: objectPath(name)).map { UInt64(clamping: $0.st_size) }
    }

    /// The disk space of an object's file in bytes; nil if it is not there.
    func allocatedSize(of name: ObjectName) throws -> UInt64? {
        try objects.status(of: objectPath(name)).map { UInt64(clamping: $0.st_blocks) * 512 }
    }

    /// Reads a metadata object whole; nil if it is not there.
    ///
    /// - Throws: `RepositoryError` with `badObject` if it is larger than libostree allows.
    public func metadata(_ name: ObjectName) throws -> [UInt8]? {
        do {
            return try objects.openFile(objectPath(name)).readAll(limit: Commit.maximumMetadataSize)
        } catch {
            if error.isNotFound { return nil }
            guard error.code == EFBIG else { throw error }
            throw RepositoryError.badObject(name, "it is larger than \(Commit.maximumMetadataSize) bytes")
        }
    }

    /// Reads a commit.
    ///
    /// - Throws: `RepositoryError` with `missingObject` if it is not there.
    public func commit(_ checksum: Checksum) throws -> Commit {
        let name = ObjectName(checksum, .commit)
        return try load(name) { try Commit($0, name) }
    }

    /// Reads a directory.
    ///
    /// - Throws: `RepositoryError` with `missingObject` if it is not there.
    func tree(_ checksum: Checksum) throws -> DirTree {
        let name = ObjectName(checksum, .dirtree)
        return try load(name) { try DirTree($0, name) }
    }

    /// Reads a metadata object and parses it.
    ///
    /// - Throws: `RepositoryError` with `missingObject` if it is not there.
    func load<T>(_ name: ObjectName, _ parse: (UnsafeRawBufferPointer) throws -> T) throws -> T {
        guard let bytes = try metadata(name) else {
            throw RepositoryError(
                .missingObject,
                "object \(name) is missing in \(path): pull it again, or check with 'ostree fsck'")
        }
        return try bytes.withUnsafeBytes(parse)
    }

    /// The result of `read`; nil if an object is missing or damaged. Every other failure is thrown: that something cannot
    /// be read now does not mean that it is not there.
    func ifIntact<T>(_ read: () throws -> T) throws -> T? {
        do { return try read() } catch let error as RepositoryError
            where error.code == .missingObject || error.code == .badObject
        {
            return nil
        }
    }

    /// Returns true if a commit is known to be here without all that it consists of.
    public func isPartial(_ commit: Checksum) throws -> Bool {
        try root.contains("state/\(commit).commitpartial")
    }

    /// Visits all objects, or those of a type, with their paths below `objects/`. `visit` may remove them.
    func forEachObject(
        of type: ObjectType? = nil, _ visit: (String, ObjectName) throws -> Void
    ) throws {
        for directory in try objects.entries() where directory.utf8.count == 2 {
            try forEachObject(in: directory, of: type, visit)
        }
    }

    /// Visits the objects in one of the 256 directories of `objects/`, or those of a type.
    func forEachObject(
        in directory: String, of type: ObjectType? = nil, _ visit: (String, ObjectName) throws -> Void
    ) throws {
        let length = type.map { 2 * Checksum.byteCount - 2 + 1 + mode.suffix(of: $0).utf8.count }
        try objects.directory(directory).forEachEntry { entry in
            // Types are told apart by their length first, which is quick.
            guard length == nil || length == entry.utf8.count else { return }
            guard let name = objectName(directory + entry), type == nil || type == name.type
            else { return }
            try visit("\(directory)/\(entry)", name)
        }
    }

    /// The object in a file of `objects/`; nil for other files.
    private func objectName(_ fileName: String) -> ObjectName? {
        guard let dot = fileName.firstIndex(of: "."), let checksum = Checksum(hex: fileName[..<dot]) else {
            return nil
        }
        let suffix = fileName[fileName.index(after: dot)...]
        if suffix == mode.fileSuffix { return ObjectName(checksum, .file) }
        return ObjectType(rawValue: String(suffix)).flatMap { $0 == .file ? nil : ObjectName(checksum, $0) }
    }
}

extension RepositoryMode {
    /// Returns the suffix of objects of a type.
    func suffix(of type: ObjectType) -> String { type == .file ? fileSuffix : type.rawValue }
}
