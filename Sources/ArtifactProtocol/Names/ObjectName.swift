// SPDX-License-Identifier: Apache-2.0

/// The kinds of object, with their suffixes on the wire and in an archive repository.
public enum ObjectType: String, Sendable, CaseIterable {
    /// A file or symbolic link in archive form.
    case file = "filez"
    /// The entries of a directory.
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

    /// Creates an object's name.
    public init(_ checksum: Checksum, _ type: ObjectType) {
        self.checksum = checksum
        self.type = type
    }

    /// Parses `<64 hexadecimal digits>.<suffix>`, the form on the wire; nil for anything else.
    public init?(fileName: some StringProtocol) {
        guard fileName.utf8.count > 65, let dot = fileName.firstIndex(of: "."),
            let checksum = Checksum(hex: fileName[..<dot]),
            let type = ObjectType(rawValue: String(fileName[fileName.index(after: dot)...]))
        else { return nil }
        self.init(checksum, type)
    }

    /// The name on the wire and in an archive repository.
    public var fileName: String { "\(checksum.hex).\(type.rawValue)" }

    /// The name on the wire.
    public var description: String { fileName }
}

/// The name of an object that a peer sends.
public enum ReceivedObjectName: Equatable, Sendable {
    /// The name of an object of a known kind.
    case object(ObjectName)
    /// The name of an obsolete kind that some clients send; its bytes are to be skipped.
    case obsolete(String)

    static let obsoleteSuffixes = ["sig", "sizes2"]

    /// Parses a name.
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
