// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A place with objects and refs, as receivers and pullers see it.
///
/// `Repository` is the one for an OSTree repository on this machine. Nothing here assumes a path or a lock of a machine.
public protocol ArtifactStore: AnyObject, Sendable {
    /// The place, as messages name it.
    var location: String { get }
    /// The form in which it stores objects.
    var mode: RepositoryMode { get }
    /// The commit that a ref points to; nil if there is no such ref.
    func commit(of ref: RefName) throws -> Checksum?
    /// Returns true if a commit is known to be here without all that it consists of.
    func isPartial(_ commit: Checksum) throws -> Bool
    /// Returns true if a commit that is missing was removed from a history on purpose.
    func isCut(_ commit: Checksum) throws -> Bool
    /// Returns true if all ancestors of a commit are known to have been here at a time, so that those that are not have
    /// been removed since.
    func hadWholeHistory(of commit: Checksum) -> Bool
    /// Notes that all ancestors of a commit are here.
    func noteWholeHistory(of commit: Checksum)
    /// All refs, sorted.
    func refs() throws -> RefList
    /// Returns true if readers can see the object.
    func contains(_ name: ObjectName) throws -> Bool
    /// Begins to look for objects, where that takes a request, so that `contains` need not wait for one after the other.
    func prefetch(_ names: [ObjectName]) throws
    /// Reads a metadata object whole; nil if it is not there.
    func metadata(_ name: ObjectName) throws -> [UInt8]?
    /// Checks that edits could be made now, without making them.
    ///
    /// - Throws: `RepositoryError` with `refMoved` or `conflict`.
    func check(_ edits: [RefEdit], moves: RefMovePolicy) throws
    /// Makes a place for new objects that no reader sees.
    func makeQuarantine(_ purpose: QuarantinePurpose) throws -> any Quarantine
    /// Records that refs are used now, as far as expiry asks: it begins with the least recently used.
    func recordAccess(of refs: [RefName]) throws
    /// Removes refs, all or none, durably.
    ///
    /// - Parameter edits: edits without a new commit.
    /// - Throws: `RepositoryError` with `unknownRef` or `refMoved` if one is not where it must be, and with `notAllowed`
    ///   if one is pinned.
    func delete(_ edits: [RefEdit]) throws -> [RefEditResult]
    /// Completes, or drops, edits of refs that a crash of an earlier process cut short.
    func recover() throws
}

extension ArtifactStore {
    /// Does nothing: objects are found at once.
    public func prefetch(_ names: [ObjectName]) throws {}

    /// Returns true if a commit is here, and its tree too as far as is known: an ancestor may be known by its commit object alone,
    /// its tree never having been fetched.
    package func hasWhole(_ commit: Checksum) throws -> Bool {
        try contains(ObjectName(commit, .commit)) && !isPartial(commit)
    }

    /// The detached metadata of a commit; empty if there is none.
    ///
    /// - Throws: `RepositoryError` with `badObject` if it is not well formed.
    package func detachedMetadata(of commit: Checksum) throws -> DetachedMetadata {
        try DetachedMetadata(metadata(ObjectName(commit, .commitmeta)), of: commit)
    }
}
