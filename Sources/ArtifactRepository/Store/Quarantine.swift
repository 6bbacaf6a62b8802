// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A place for new objects that no reader sees until they are published.
public protocol Quarantine: AnyObject {
    /// Returns true if an object is here or in the store.
    func contains(_ name: ObjectName) throws -> Bool
    /// Returns true if an object is here because it was received.
    func holds(_ name: ObjectName) throws -> Bool
    /// Returns true if the store remembers to have a directory with everything below it. It may have been removed since, which
    /// `publish` finds out.
    func storeHasWhole(_ tree: Checksum) -> Bool
    /// Reads a directory that the store remembers to have with everything below it; nil for another one.
    func wholeDirectory(_ tree: Checksum) throws -> [UInt8]?
    /// Indicates that it compares new directories with those in whose places they are, and so needs no `noteStored`.
    var comparesDirectories: Bool { get }
    /// Notes that the store has an object, as a part of a directory that it remembers to have whole: it need not be looked for.
    func noteStored(_ name: ObjectName)
    /// Returns true if the store has a commit that it does not know to be without a part of its tree.
    func storeHasWhole(commit: Checksum) throws -> Bool
    /// Returns true if a commit that is missing was removed from a history in the store on purpose.
    func storeHasCut(_ commit: Checksum) throws -> Bool
    /// Reads a metadata object from here or from the store; nil if neither has it.
    func metadata(_ name: ObjectName) throws -> [UInt8]?
    /// Notes that a file is going to be received which a commit of the transfer needs, and that no rule can refuse the transfer any
    /// more: so it may be stored for good when it is verified, before the publication. No ref leads to it then.
    func expect(_ file: ObjectName)
    /// Returns the number of bytes, as they travel, that an interrupted transfer has left of the beginning of a large file;
    /// 0 for none.
    func fragmentSize(of name: ObjectName) -> UInt64
    /// Returns the end of these bytes; nil if there are none, or the size of the whole is not known.
    func resumePoint(of name: ObjectName) -> ResumePoint?
    /// Begins to take an object in, which is verified while it is written.
    ///
    /// Bytes left of an earlier transfer are not trusted: they are verified with the rest, and removed where the object turns
    /// out to be wrong, or is received from its beginning.
    ///
    /// - Parameters:
    ///   - name: the object.
    ///   - size: its size in bytes as it travels, if that is known.
    ///   - offset: the number of bytes that are not written, since they are here: at most `fragmentSize(of:)`.
    /// - Returns: nil if the store has the object already, so that its bytes can be skipped.
    /// - Throws: `RepositoryError` with `badObject` where the object cannot be continued there.
    func receive(_ name: ObjectName, size: UInt64?, from offset: UInt64) throws -> (any IncomingObject)?
    /// Gives a commit other detached metadata than was received for it, if any.
    func setDetachedMetadata(_ bytes: [UInt8], of commit: Checksum) throws
    /// Takes the verdicts on files since the last call: files are verified and written while others arrive.
    ///
    /// - Parameter waiting: true to wait for all that were finished.
    func takeVerdicts(waiting: Bool) -> [ObjectVerdict]
    /// Makes everything that was received visible and durable, then edits the refs: all checks first, refs last.
    ///
    /// A file that is wrong makes it fail, if its verdict was not taken.
    ///
    /// - Parameters:
    ///   - edits: edits with a new commit.
    ///   - moves: the policy for refs that exist.
    ///   - merging: the rule for detached metadata of commits that the store has detached metadata for.
    ///   - scope: what else is published.
    /// - Throws: `RepositoryError`; nothing is visible then unless refs could not be written.
    func publish(
        _ edits: [RefEdit], moves: RefMovePolicy, merging: MetadataMerge, scope: PublicationScope
    ) throws -> [RefEditResult]
    /// Leaves what was verified to a successor, if its purpose allows that; discards it otherwise.
    func leave()
    /// Removes everything that was not published.
    func discard()
}

/// The commits that a publication makes visible, besides those of its edits and their ancestors back to the first one that
/// was not received. Everything that they need must be there.
public struct PublicationScope: Sendable, Equatable {
    /// Commits that no ref is to point to.
    public var commits: [Checksum]
    /// True to publish received ancestors also behind commits that the store has.
    public var goesBehindStored: Bool

    /// Creates a scope of commits without refs.
    public init(commits: [Checksum] = [], goesBehindStored: Bool = false) {
        (self.commits, self.goesBehindStored) = (commits, goesBehindStored)
    }
}

/// An object on its way in, in the form in which it travels.
public protocol IncomingObject: AnyObject {
    /// Takes more of its bytes.
    ///
    /// - Throws: `RepositoryError` with `badObject` as soon as it is known to be wrong.
    func write(_ bytes: UnsafeRawBufferPointer) throws
    /// Has the object checked and kept. The verdict on a file comes later, by `Quarantine.takeVerdicts`.
    func finish() throws
}

/// The verdict on a file that was received.
public struct ObjectVerdict: Sendable {
    /// The file.
    public let name: ObjectName
    /// The reason why it was not kept; nil if it was.
    public let failure: (any Error)?

    /// Throws the failure, if there was one.
    public func throwFailure() throws {
        if let failure { throw failure }
    }
}

extension Quarantine {
    /// False.
    public var comparesDirectories: Bool { false }

    /// Does nothing: what is needed is looked for when it is published.
    public func noteStored(_ name: ObjectName) {}

    /// Does nothing: the file waits for the publication.
    public func expect(_ file: ObjectName) {}

    /// Begins to take an object in, from its beginning.
    public func receive(_ name: ObjectName, size: UInt64?) throws -> (any IncomingObject)? {
        try receive(name, size: size, from: 0)
    }

    /// Makes everything that was received visible, with the ancestors back to the first one that was not received.
    public func publish(
        _ edits: [RefEdit], moves: RefMovePolicy, merging: MetadataMerge
    ) throws -> [RefEditResult] {
        try publish(
            edits, moves: moves, merging: merging, scope: PublicationScope())
    }

    /// Waits until all objects are verified and kept.
    ///
    /// - Throws: the first failure whose verdict was not taken yet.
    public func settle() throws {
        for verdict in takeVerdicts(waiting: true) { try verdict.throwFailure() }
    }

    /// Reads a commit that is here or in the store; nil if it is in neither.
    package func commit(_ checksum: Checksum) throws -> Commit? {
        let name = ObjectName(checksum, .commit)
        return try metadata(name)?.withUnsafeBytes { try Commit($0, name) }
    }

    /// The parent of a commit that is here or in the store; nil if it has none, or is not there.
    func parent(of commit: Checksum) throws -> Checksum? {
        try self.commit(commit)?.parent
    }
}
