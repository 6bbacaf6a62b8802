// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import Variants

/// The superblock of a static delta: the parts that it consists of and the objects that they make,
/// `(a{sv}tayay(a{sv}aya(say)sstayay)aya(uayttay)a(yaytt))` in OSTree.
///
/// The file stays mapped, so that nothing is held in memory because it is large. A signed superblock, `(taya{sv})`, has
/// the same within; its signatures are not looked at, since the objects are checked against the commit, which is.
package struct StaticDelta {
    /// One part.
    package struct Part: Sendable {
        /// Its number, from 0.
        package let index: Int
        /// The checksum of its file.
        package let checksum: Checksum
        /// The size of its file in bytes.
        package let size: UInt64
        /// The size of what it makes, in bytes.
        package let contentSize: UInt64
        /// True if the superblock has it within.
        package let isInline: Bool
        /// The objects that it makes, in order.
        package let objects: [ObjectName]
    }

    /// The delta's name.
    package let name: DeltaName
    private let variant: Variant
    private let isSwapped: Bool

    /// The maximum size of a superblock in bytes, which may have all parts within: that of libostree.
    package static let maximumSize: UInt64 = 128 << 20
    /// The maximum size of a part, compressed or not, in bytes.
    static let maximumPartSize: UInt64 = 1 << 36

    private static let signedStart = Array("OSTSGNDT".utf8)

    /// Reads a superblock.
    ///
    /// - Parameters:
    ///   - file: the file, which must not change.
    ///   - digest: the checksum that the remote's index has for it, if any.
    ///   - makeFile: makes an empty file without a name, which a signed superblock is copied into.
    /// - Throws: `DeltaError` if it is no superblock, or that of another delta.
    package init(
        mapping file: Descriptor, as name: DeltaName, digest: Checksum?, makeFile: () throws -> Descriptor
    ) throws {
        self.name = name
        if let digest {
            let mapping = try FileMapping(file)
            let actual = Digest()
            withExtendedLifetime(mapping) { actual.update(mapping.bytes) }
            guard actual.finish() == digest else {
                throw DeltaError("its superblock has another checksum than the index says")
            }
        }
        variant = try StaticDelta.open(file, makeFile)
        let (source, target) = (variant[2], variant[3])
        guard let from = source.bytes, let to = target.withBytes({ Checksum(bytes: $0) }) ?? nil,
            to == name.target, from == name.source?.bytes ?? []
        else { throw DeltaError("its superblock is that of another delta") }
        let commit = Digest()
        variant[4].withSerializedBytes { commit.update($0) }
        guard commit.finish() == name.target else {
            throw DeltaError("its superblock has another commit than its name says")
        }
        isSwapped = StaticDelta.isSwapped(variant)
    }

    private static func open(_ file: Descriptor, _ makeFile: () throws -> Descriptor) throws -> Variant {
        guard let size = try? file.status().st_size, size > signedStart.count else { throw malformed }
        var start = [UInt8](repeating: 0, count: signedStart.count)
        let isSigned =
            try start.withUnsafeMutableBytes { try file.fill($0, at: 0) } == start.count
            && start == signedStart
        guard isSigned else { return try map(file, "(a{sv}tayay(a{sv}aya(say)sstayay)aya(uayttay)a(yaytt))") }
        let copy = try makeFile()
        try map(file, "(taya{sv})")[1].withBytes { try copy.writeAll($0) }
        guard try copy.status().st_size > 0 else { throw malformed }
        return try map(copy, "(a{sv}tayay(a{sv}aya(say)sstayay)aya(uayttay)a(yaytt))")
    }

    private static func map(_ file: Descriptor, _ type: String) throws -> Variant {
        guard let variant = try? Variant(mapping: file.number, as: type), variant.isNormalForm else {
            throw malformed
        }
        return variant
    }

    private static let malformed = DeltaError("its superblock is not well formed")

    /// Returns true if numbers have the other byte order than this machine's.
    ///
    /// `ostree.endianness` says so. Old superblocks lack it: there, the order counts in which the sizes are smaller.
    private static func isSwapped(_ variant: Variant) -> Bool {
        if let order = variant[0].entry("ostree.endianness") {
            return order.withSerializedBytes(Array.init) != [hostLetter]
        }
        let parts = variant[6]
        guard parts.count > 0, let size = parts[0][2].uint64 else { return false }
        return size.byteSwapped < size
    }

    private static var hostLetter: UInt8 { ByteOrder.host == .little ? UInt8(ascii: "l") : UInt8(ascii: "B") }

    /// The number of parts.
    package var partCount: Int { variant[6].count }

    /// Reads a part's description.
    ///
    /// - Throws: `DeltaError` if it cannot be right, or is of a newer format.
    package func part(_ index: Int) throws -> Part {
        let part = variant[6][index]
        guard let version = part[0].uint32, let checksum = part[1].withBytes({ Checksum(bytes: $0) }) ?? nil,
            let size = part[2].uint64, let contentSize = part[3].uint64,
            let objects = try part[4].withBytes(StaticDelta.objects)
        else { throw StaticDelta.malformed }
        guard version == 0 else { throw DeltaError("part \(index) is of a version that is not known here") }
        let isInline = inlinePart(index) != nil
        let result = Part(
            index: index, checksum: checksum, size: isSwapped ? size.byteSwapped : size,
            contentSize: isSwapped ? contentSize.byteSwapped : contentSize, isInline: isInline,
            objects: objects)
        guard result.size > 0, result.size <= StaticDelta.maximumPartSize,
            result.contentSize <= StaticDelta.maximumPartSize
        else { throw DeltaError("part \(index) cannot have the size that its superblock says") }
        return result
    }

    /// Calls `body` with the bytes of a part that the superblock has within; returns nil for any other.
    func withInlinePart<T>(_ index: Int, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T? {
        try inlinePart(index)?.withSerializedBytes(body)
    }

    private func inlinePart(_ index: Int) -> Variant? {
        variant[0].entry(name.partPath(index)).flatMap { $0.typeString == "(yay)" ? $0 : nil }
    }

    /// Reads names of objects of 33 bytes each: the type, then the checksum.
    private static func objects(_ bytes: UnsafeRawBufferPointer) throws -> [ObjectName] {
        let entrySize = 1 + Checksum.byteCount
        guard bytes.count % entrySize == 0 else { throw malformed }
        return try stride(from: 0, to: bytes.count, by: entrySize).map { start in
            let type: ObjectType
            switch bytes[start] {
            case 1: type = .file
            case 2: type = .dirtree
            case 3: type = .dirmeta
            // Commits are never in parts, and nothing else can be.
            default: throw malformed
            }
            let checksum = UnsafeRawBufferPointer(rebasing: bytes[(start + 1)..<(start + entrySize)])
            guard let checksum = Checksum(bytes: checksum) else { throw malformed }
            return ObjectName(checksum, type)
        }
    }
}
