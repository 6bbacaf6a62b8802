// SPDX-License-Identifier: Apache-2.0

/// The kinds of object that a repository holds, with the suffix each has on the wire and in an archive
/// repository.
public enum ObjectType: String, Sendable, CaseIterable {
    /// A file or symbolic link in archive form.
    case file = "filez"
    /// A directory's names.
    case dirtree
    /// A directory's owner, mode and extended attributes.
    case dirmeta
    /// A commit.
    case commit
    /// A commit's detached metadata, for example signatures; not covered by the commit's checksum.
    case commitmeta
}

/// An object's name: checksum and type.
public struct ObjectName: Hashable, Sendable, CustomStringConvertible {
    /// The checksum of the object's canonical form; for detached metadata, that of its commit.
    public let checksum: Checksum
    /// The kind of object.
    public let type: ObjectType

    /// Names an object.
    public init(_ checksum: Checksum, _ type: ObjectType) {
        self.checksum = checksum
        self.type = type
    }

    /// Reads a name as it travels, `<64 hexadecimal digits>.<suffix>`; nil for anything else.
    public init?(fileName: some StringProtocol) {
        guard fileName.utf8.count > 65, let dot = fileName.firstIndex(of: "."),
            let checksum = Checksum(hex: fileName[..<dot]),
            let type = ObjectType(rawValue: String(fileName[fileName.index(after: dot)...]))
        else { return nil }
        self.init(checksum, type)
    }

    /// The name as it travels and as an archive repository spells it.
    public var fileName: String { "\(checksum.hex).\(type.rawValue)" }

    /// The name as it travels.
    public var description: String { fileName }
}

/// What a peer calls an object that it sends.
public enum ReceivedObjectName: Equatable, Sendable {
    /// An object of a kind that repositories hold.
    case object(ObjectName)
    /// Something that some clients send and that repositories no longer know; its bytes are to be skipped.
    case obsolete(String)

    /// The suffixes of what is skipped.
    static let obsoleteSuffixes = ["sig", "sizes2"]

    /// Reads the name that a peer gives to what it sends.
    ///
    /// - Throws: `ProtocolError` for anything but `<64 lower-case hexadecimal digits>.<known suffix>`.
    init(received name: String) throws(ProtocolError) {
        if let known = ObjectName(fileName: name) {
            self = .object(known)
        } else if let dot = name.firstIndex(of: "."), Checksum(hex: name[..<dot]) != nil,
            ReceivedObjectName.obsoleteSuffixes.contains(String(name[name.index(after: dot)...]))
        {
            self = .obsolete(name)
        } else {
            throw ProtocolError(
                .badObjectStream,
                "the peer sends '\(name.forDisplay())', which is not the name of an object (64 lower-case hexadecimal "
                    + "digits, a dot, and filez, dirtree, dirmeta, commit or commitmeta)")
        }
    }
}
