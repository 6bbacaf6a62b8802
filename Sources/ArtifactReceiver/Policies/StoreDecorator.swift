// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// A store that is another one with something added: what a policy does not speak of, it passes on.
public protocol StoreDecorator: ArtifactStore {
    /// The store behind.
    var inner: any ArtifactStore { get }
}

extension StoreDecorator {
    /// How messages call the place.
    public var path: String { inner.path }
    /// How it stores objects.
    public var mode: RepositoryMode { inner.mode }
    /// The commit that a ref points to; nil where there is no such ref.
    public func commit(of ref: RefName) throws -> Checksum? { try inner.commit(of: ref) }
    /// All refs, sorted.
    public func refs() throws -> [(ref: RefName, commit: Checksum)] { try inner.refs() }
    /// Whether an object is there for every reader to see.
    public func contains(_ name: ObjectName) -> Bool { inner.contains(name) }
    /// Looks whether refs could move now, without moving them.
    public func check(_ changes: [RefChange]) throws { try inner.check(changes) }
    /// Makes a place for new objects that no reader sees.
    public func makeQuarantine(isResumable: Bool) throws -> any Quarantine {
        try inner.makeQuarantine(isResumable: isResumable)
    }
}
