// SPDX-License-Identifier: Apache-2.0

/// A repository's format of objects; the raw values are the numbers of OSTree and the wire.
public enum RepositoryMode: Int32, Sendable, CaseIterable, CustomStringConvertible {
    /// Files as they are checked out, with their owners; needs root.
    case bare = 0
    /// Compressed files, which a web server can serve. Also called archive-z2.
    case archive = 1
    /// Files with owner and mode in an extended attribute: BuildStream's local cache.
    case bareUser = 2
    /// Files without owners.
    case bareUserOnly = 3

    /// Parses a mode's name, as `ostree init --mode` takes it.
    public init?(name: String) {
        let current = name == "archive-z2" ? "archive" : name
        guard let mode = Self.allCases.first(where: { $0.description == current }) else { return nil }
        self = mode
    }

    /// The mode's name.
    public var description: String {
        switch self {
        case .bare: "bare"
        case .archive: "archive"
        case .bareUser: "bare-user"
        case .bareUserOnly: "bare-user-only"
        }
    }

    /// The suffix of file objects.
    package var fileSuffix: String { self == .archive ? "filez" : "file" }
}
