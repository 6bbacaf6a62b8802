// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A place with objects and refs, as receiver and puller see it. Today that is an OSTree repository on this
/// machine (`Repository`).
public protocol ArtifactStore: AnyObject, Sendable {
    /// How messages call the place.
    var path: String { get }
    /// How it stores objects.
    var mode: RepositoryMode { get }
    /// True where it takes no changes at all, which clients that only ask are told.
    var isReadOnly: Bool { get }
    /// The commit that a ref points to; nil where there is no such ref.
    func commit(of ref: RefName) throws -> Checksum?
    /// Whether a commit is known to be here without all that it consists of.
    func isPartial(_ commit: Checksum) throws -> Bool
    /// All refs, sorted.
    func refs() throws -> [(ref: RefName, commit: Checksum)]
    /// Whether an object is there for every reader to see.
    func contains(_ name: ObjectName) throws -> Bool
    /// Reads a metadata object whole; nil where it is not there.
    func metadata(_ name: ObjectName) throws -> [UInt8]?
    /// Looks whether refs could move now, without moving them.
    ///
    /// - Throws: `RepositoryError` with `refMoved` or `conflict`.
    func check(_ changes: [RefChange]) throws
    /// Makes a place for new objects that no reader sees.
    func makeQuarantine(_ purpose: QuarantinePurpose) throws -> any Quarantine
    /// Notes that refs were used, at a time in seconds since 1970 or now: what is not used makes room first.
    func recordAccess(of refs: [RefName], at time: Int?) throws
    /// Removes refs, all or none, durably.
    ///
    /// - Throws: `RepositoryError` with `unknownRef` or `refMoved` where one is not where it must be, and with `notAllowed`
    ///   where one is pinned.
    func delete(_ deletions: [RefDeletion]) throws
    /// Completes, or drops, changes of refs that a crash of an earlier process cut short.
    func recover() throws
}

extension ArtifactStore {
    /// It takes changes.
    public var isReadOnly: Bool { false }
}

/// What a quarantine is for, which decides what becomes of its objects when its owner is interrupted.
public enum QuarantinePurpose: Sendable, Equatable {
    /// Its objects go with its owner.
    case transient
    /// It starts with the objects that an interrupted predecessor of the same purpose and identity had verified, or else
    /// one of any identity, and leaves its own to a successor unless it is discarded.
    case resumable(Kind, identity: Checksum)

    /// What is resumed.
    public enum Kind: String, Sendable {
        /// The receiving end of a push.
        case push
        /// A pull.
        case pull
    }
}

/// A place for new objects that no reader sees until they are published.
public protocol Quarantine: AnyObject {
    /// Whether an object is here or in the store.
    func contains(_ name: ObjectName) throws -> Bool
    /// Whether an object is here, because it was received.
    func holds(_ name: ObjectName) throws -> Bool
    /// Whether the store remembers to have a folder, with everything below it. It may have been removed since, which `publish`
    /// finds out.
    func storeHasWhole(_ tree: Checksum) -> Bool
    /// Reads a metadata object from here or from the store; nil where neither has it.
    func metadata(_ name: ObjectName) throws -> [UInt8]?
    /// Begins to take an object in, which is verified while it is written.
    ///
    /// - Parameters:
    ///   - name: the object.
    ///   - size: how many bytes it has as it travels, where that is known.
    /// - Returns: nil where the store has the object already, so that its bytes can be skipped.
    func receive(_ name: ObjectName, size: UInt64?) throws -> (any IncomingObject)?
    /// What became of files since this was last asked: they are verified and written while others arrive.
    ///
    /// - Parameter waiting: whether to wait for all that were finished.
    func takeVerdicts(waiting: Bool) -> [ObjectVerdict]
    /// Makes everything that was received visible and durable, then moves the refs: all checks first, refs last.
    ///
    /// A file about which no verdict was taken, and that is wrong, makes it fail.
    ///
    /// - Parameters:
    ///   - changes: where refs are to go.
    ///   - replaceDetachedMetadata: whether detached metadata that the store has is replaced.
    /// - Throws: `RepositoryError`; nothing is visible then unless refs could not be written.
    func publish(_ changes: [RefChange], replaceDetachedMetadata: Bool) throws -> [RefOutcome]
    /// Leaves what was verified to a successor, where its purpose allows that; discards it otherwise.
    func leave()
    /// Removes everything that was not published.
    func discard()
}

/// An object on its way in, in the form in which it travels.
public protocol IncomingObject: AnyObject {
    /// Takes more of its bytes.
    ///
    /// - Throws: `RepositoryError` with `badObject` as soon as it is known to be wrong.
    func write(_ bytes: UnsafeRawBufferPointer) throws
    /// Has it checked that it is complete and is what its name says, and kept. Of files one hears later, by
    /// `Quarantine.takeVerdicts`.
    func finish() throws
}

/// What became of a file that was received.
public struct ObjectVerdict: Sendable {
    /// The file.
    public let name: ObjectName
    /// Why it was not kept; nil where it was.
    public let failure: (any Error)?
}

extension Quarantine {
    /// Waits until all objects are verified and kept.
    ///
    /// - Throws: the first failure that was not heard of yet.
    public func settle() throws {
        for verdict in takeVerdicts(waiting: true) { try verdict.throwFailure() }
    }
}

extension ObjectVerdict {
    /// Throws the failure, if there was one.
    public func throwFailure() throws {
        if let failure { throw failure }
    }
}

/// Where one ref is to go.
public struct RefChange: Sendable, Equatable {
    /// What must be true of the ref for it to move.
    public enum Expectation: Sendable, Equatable {
        /// Anything: a pull follows its remote, whatever `moves` says.
        case anything
        /// It does not exist.
        case absent
        /// It does not exist; where an artifact is there that somebody else brought meanwhile, that one stays, and that is no
        /// failure.
        case absentOrKept
        /// It points to this commit.
        case commit(Checksum)
        /// It does not exist, or points to any commit: a client that cannot know where it is counts as one that does.
        case unknown
    }

    /// The ref.
    public var ref: RefName
    /// The commit that it is to point to.
    public var new: Checksum
    /// What must be true of it now.
    public var expectation: Expectation
    /// The policy for moving it from the commit at which it is.
    public var moves: RefMovePolicy

    /// Describes a move.
    public init(
        _ ref: RefName, to new: Checksum, expecting expectation: Expectation, moves: RefMovePolicy = .forward
    ) {
        self.ref = ref
        self.new = new
        self.expectation = expectation
        self.moves = moves
    }
}

/// What became of a ref.
public enum RefOutcome: Sendable, Equatable {
    /// It points to the new commit now.
    case moved(from: Checksum?)
    /// It pointed there already.
    case unchanged
    /// It exists with another commit, and was left there.
    case kept(Checksum)
}

extension QuarantinePurpose {
    /// The purpose of bringing commits here for refs: who brings the same ones again, resumes.
    public static func resumable(_ kind: Kind, for refs: [(ref: RefName, commit: Checksum)])
        -> QuarantinePurpose
    {
        let digest = Digest()
        for (ref, commit) in refs.sorted(by: { $0.ref < $1.ref }) {
            Array("\(ref) \(commit)\n".utf8).withUnsafeBytes { digest.update($0) }
        }
        return .resumable(kind, identity: digest.finish())
    }
}
