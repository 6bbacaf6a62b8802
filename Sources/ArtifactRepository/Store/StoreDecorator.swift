// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

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
    /// True where it takes no changes at all.
    public var isReadOnly: Bool { inner.isReadOnly }
    /// Completes or drops what a crash left.
    public func recover() throws { try inner.recover() }
    /// Notes that refs were used.
    public func recordAccess(of refs: [RefName], at time: Int?) throws {
        try inner.recordAccess(of: refs, at: time)
    }
    /// The commit that a ref points to; nil where there is no such ref.
    public func commit(of ref: RefName) throws -> Checksum? { try inner.commit(of: ref) }
    /// Whether a commit is known to be here without all that it consists of.
    public func isPartial(_ commit: Checksum) throws -> Bool { try inner.isPartial(commit) }
    /// All refs, sorted.
    public func refs() throws -> [(ref: RefName, commit: Checksum)] { try inner.refs() }
    /// Whether an object is there for every reader to see.
    public func contains(_ name: ObjectName) throws -> Bool { try inner.contains(name) }
    /// Reads a metadata object whole; nil where it is not there.
    public func metadata(_ name: ObjectName) throws -> [UInt8]? { try inner.metadata(name) }
    /// Looks whether refs could move now, without moving them.
    public func check(_ changes: [RefChange]) throws { try inner.check(changes) }
    /// Removes refs, all or none, durably.
    public func delete(_ deletions: [RefDeletion]) throws { try inner.delete(deletions) }
    /// Makes a place for new objects that no reader sees.
    public func makeQuarantine(_ purpose: QuarantinePurpose) throws -> any Quarantine {
        try inner.makeQuarantine(purpose)
    }
}

/// A quarantine that is another one with something added.
public protocol QuarantineDecorator: Quarantine {
    /// The quarantine behind.
    var inner: any Quarantine { get }
}

extension QuarantineDecorator {
    /// Whether an object is here or in the store.
    public func contains(_ name: ObjectName) throws -> Bool { try inner.contains(name) }
    /// Whether an object is here, because it was received.
    public func holds(_ name: ObjectName) throws -> Bool { try inner.holds(name) }
    /// Whether the store remembers to have a folder, with everything below it.
    public func storeHasWhole(_ tree: Checksum) -> Bool { inner.storeHasWhole(tree) }
    /// Reads a metadata object from here or from the store; nil where neither has it.
    public func metadata(_ name: ObjectName) throws -> [UInt8]? { try inner.metadata(name) }
    /// Begins to take an object in, which is verified while it is written.
    public func receive(_ name: ObjectName, size: UInt64?) throws -> (any IncomingObject)? {
        try inner.receive(name, size: size)
    }
    /// What became of files since this was last asked.
    public func takeVerdicts(waiting: Bool) -> [ObjectVerdict] { inner.takeVerdicts(waiting: waiting) }
    /// Makes everything that was received visible and durable, then moves the refs.
    public func publish(_ changes: [RefChange], replaceDetachedMetadata: Bool) throws -> [RefOutcome] {
        try inner.publish(changes, replaceDetachedMetadata: replaceDetachedMetadata)
    }
    /// Leaves what was verified to a successor.
    public func leave() { inner.leave() }
    /// Removes everything that was not published.
    public func discard() { inner.discard() }
}
