// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// A repository that commits are pulled from: `RemoteRepository` on the web, `ReceiverRepository` behind a receiver.
public protocol PullSource: AnyObject {
    /// Its address, for messages.
    var remote: String { get }
    /// Returns the commits of those refs that exist. Each is asked for once, so that a pull fetches what was found here.
    ///
    /// - Throws: `ClientError` where the source cannot be read.
    func resolve(_ refs: [RefName]) throws -> [RefName: Checksum]
    /// Has a ref stand for a commit, wherever the source's ref points to.
    func resolve(_ ref: RefName, to commit: Checksum)
    /// Returns the collection that its own refs belong to; nil if it has none.
    func collection() throws -> String?
    /// Returns the collection of its own refs, and those of other repositories that it mirrors, as its list of refs has them.
    func collections() throws -> (own: String?, mirrored: [String])
    /// Visits its refs, sorted by name.
    ///
    /// - Parameters:
    ///   - patterns: shell-style patterns of which a ref should match one, as far as the source can tell; none for all.
    ///   - collection: a mirrored one of `collections()`; nil for its own refs.
    ///   - hasDetails: true to have the size and time of each commit, too.
    ///   - visit: receives one ref at a time.
    func forEachRef(
        matching patterns: [String], ofCollection collection: String?, hasDetails: Bool,
        _ visit: (Summary.Entry) throws -> Void) throws
    /// Returns those commits that it has, without their trees.
    func existing(_ commits: [Checksum]) throws -> [Checksum: Commit]
    /// Fetches everything that is missing, and waits until it is verified.
    ///
    /// - Parameters:
    ///   - objects: the objects, of which some name others.
    ///   - deltas: the static deltas to use, if the source has any; nil to use none.
    /// - Throws: `ClientError` with `missing` where the source lacks a part of it.
    func fetch(_ objects: ObjectFetch, with deltas: DeltaUse?) throws
}

extension PullSource {
    /// Returns commits without their trees.
    ///
    /// - Throws: `ClientError` where the source lacks one, or has something else in its place.
    public func commits(_ commits: [Checksum]) throws -> [Checksum: Commit] {
        let found = try existing(commits)
        if let lacking = commits.first(where: { found[$0] == nil }) {
            throw ClientError.lacks(ObjectName(lacking, .commit), at: remote)
        }
        return found
    }

    /// Visits its own refs, sorted by name.
    public func forEachRef(_ visit: (Summary.Entry) throws -> Void) throws {
        try forEachRef(matching: [], ofCollection: nil, hasDetails: true, visit)
    }
}
