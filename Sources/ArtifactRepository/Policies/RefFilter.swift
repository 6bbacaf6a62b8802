// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc

/// Lets only certain refs be edited, or read.
public struct RefFilter: ReceivePolicy {
    private let allowed: [String]
    private let denied: [String]

    /// Makes a filter of shell-style patterns, in which `*` also stands for slashes.
    ///
    /// - Parameters:
    ///   - allowed: patterns of which a ref must match one, if there are any.
    ///   - denied: patterns that a ref must not match.
    public init(allowed: [String], denied: [String]) {
        (self.allowed, self.denied) = (allowed, denied)
    }

    /// False: refs are known before objects.
    public var decidesAtPublication: Bool { false }

    /// Refuses refs that do not pass the filter.
    ///
    /// - Throws: `RepositoryError` with `notAllowed`.
    public func authorize(_ edits: [RefEdit]) throws {
        for edit in edits where !allows(edit.ref) {
            throw RepositoryError(
                .notAllowed,
                "ref \(edit.ref) may not be \(edit.new == nil ? "deleted" : "pushed") with this key: ask the cache's "
                    + "administrator for that right")
        }
    }

    /// Returns true if a ref passes the filter.
    public func allows(_ ref: RefName) -> Bool {
        func matches(_ pattern: String) -> Bool { fnmatch(pattern, ref.text, 0) == 0 }
        return (allowed.isEmpty || allowed.contains(where: matches)) && !denied.contains(where: matches)
    }
}
