// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A directory of refs.
public enum RefPlace: Hashable, Sendable {
    /// The repository's own refs: `refs/heads`.
    case heads
    /// The refs that were pulled from a remote, by its name: `refs/remotes/NAME`.
    case remote(String)
    /// The refs that are mirrored for a collection: `refs/mirrors/COLLECTION`.
    case mirror(String)

    /// Parses a path; nil if it is no directory of refs.
    init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        switch (parts.count, parts.first, parts.dropFirst().first) {
        case (2, "refs", "heads"): self = .heads
        case (3, "refs", "remotes"): self = .remote(String(parts[2]))
        case (3, "refs", "mirrors"): self = .mirror(String(parts[2]))
        default: return nil
        }
        guard isValid else { return nil }
    }

    /// The path from the repository's directory.
    var path: String {
        switch self {
        case .heads: "refs/heads"
        case .remote(let name): "refs/remotes/\(name)"
        case .mirror(let collection): "refs/mirrors/\(collection)"
        }
    }

    /// Indicates that the name of the remote or collection can be that of a directory.
    fileprivate var isValid: Bool {
        switch self {
        case .heads: true
        case .remote(let name), .mirror(let name):
            name.utf8.count <= RefName.maximumPartSize && RefName.isPart(name.utf8)
        }
    }

    /// Returns a ref as `ostree refs` shows it: `os/1`, `origin:os/1`, or `(org.example.OS, os/1)` with `--collections`.
    public func shown(_ ref: RefName) -> String {
        switch self {
        case .heads: ref.text
        case .remote(let name): "\(name):\(ref)"
        case .mirror(let collection): "(\(collection), \(ref))"
        }
    }
}

extension Repository {
    /// Returns the same repository with other refs: what it lists, publishes and deletes are those in `place`.
    ///
    /// - Throws: `RepositoryError` with `unknownRef` if the name of the remote or collection cannot be that of a directory.
    public func withRefs(in place: RefPlace) throws(RepositoryError) -> Repository {
        guard place != refPlace else { return self }
        guard place.isValid else {
            throw RepositoryError(
                .unknownRef,
                "\(path) cannot have refs in \(place.path.forDisplay()): give the remote or collection a name of "
                    + "letters, digits, '-', '.' and '_'")
        }
        return Repository(self, refPlace: place)
    }
}
