// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import SystemCalls

/// The objects that are known to be in a bucket or not to be there, as of a collection of garbage, and requests about others
/// that are under way.
final class BucketObjects {
    /// The result of looking for an object.
    enum Presence: Int, Sendable {
        case absent
        /// It is there. What it names need not be.
        case present
        /// It is there with everything below it, and nothing of that is condemned, by its mark or that of one above it.
        case marked
        /// A ref leads to it, so it is there with everything below it.
        case referenced
    }

    private let client: S3Client
    private let cancellation: Cancellation?
    /// The number of the collection as of which everything here is known.
    private(set) var collection: UInt64 = 0
    private var known: [ObjectName: Presence] = [:]
    private var asked: [ObjectName: PendingResponse<Lookup<ObjectAttributes>>] = [:]
    private var fetched: [ObjectName: PendingResponse<Lookup<S3Object>>] = [:]
    /// Directories that are going to be opened also where they are complete.
    private var opening: Set<ObjectName> = []
    /// Metadata objects that were read, and the versions of directories without a valid mark.
    private var contents: [ObjectName: (bytes: [UInt8], version: ETag?)] = [:]
    private var contentSize = 0

    /// The name of the header with the number of the collection as of which a directory is complete.
    static let markName = "bst-artifact-complete"
    /// Metadata objects live for ever under their names, so caches may keep them.
    static let cacheControl = "public, max-age=31536000, immutable"
    /// The most bytes of metadata objects that are kept.
    private static let contentLimit = 16 << 20
    /// The most bytes of a directory that is fetched before it is known to be there; larger ones are asked for first.
    private static let smallDirectory = 256 << 10
    /// The number of objects that are known, above which a session forgets them before its next publication.
    private static let knownLimit = 1_000_000
    /// The most requests of each kind whose answers were not looked at.
    private static let pendingLimit = (asked: 1000, fetched: 256)

    init(_ client: S3Client, cancellation: Cancellation?) {
        (self.client, self.cancellation) = (client, cancellation)
    }

    func key(_ name: ObjectName) -> String { BucketObjects.key(name, in: client.location) }

    static func key(_ name: ObjectName, in location: S3Location) -> String {
        location.key("\(directory)\(name.checksum.hex.prefix(2))/\(name.fileName.dropFirst(2))")
    }

    /// The directory of all objects, below the prefix.
    static let directory = "objects/"

    /// Returns the object at a key below the prefix; nil for another key.
    static func name(ofKey key: some StringProtocol) -> ObjectName? {
        guard key.hasPrefix(directory) else { return nil }
        let rest = key.dropFirst(directory.count)
        guard rest.utf8.count > 3, rest.utf8.dropFirst(2).first == UInt8(ascii: "/") else { return nil }
        return ObjectName(fileName: "\(rest.prefix(2))\(rest.dropFirst(3))")
    }

    /// The mark that directories get now.
    var mark: ObjectMetadata { ObjectMetadata(BucketObjects.markName, "\(collection)") }

    /// Forgets everything that is known as of another collection or phase.
    func begin(asOf collection: UInt64) {
        self.collection = collection
        (known, asked, fetched, opening, contents, contentSize) = ([:], [:], [:], [], [:], 0)
    }

    /// Indicates that so much is known that it should be forgotten before more is looked for.
    var isLarge: Bool { known.count > BucketObjects.knownLimit }

    /// Notes what is known of an object, unless more is known.
    func note(_ name: ObjectName, _ presence: Presence) {
        if let known = known[name], known.rawValue > presence.rawValue { return }
        known[name] = presence
    }

    /// Looks for an object without waiting.
    func prefetch(_ name: ObjectName) {
        if name.type == .dirtree {
            if fetched.count < BucketObjects.pendingLimit.fetched { fetch(name) }
        } else if asked.count < BucketObjects.pendingLimit.asked {
            ask(name)
        }
    }

    private func ask(_ name: ObjectName) {
        guard known[name] == nil, asked[name] == nil else { return }
        asked[name] = client.start(
            .head(key(name), metadata: BucketObjects.markName), cancellation: cancellation)
    }

    private func fetch(_ name: ObjectName) {
        guard known[name] == nil, fetched[name] == nil, asked[name] == nil else { return }
        fetched[name] = get(name)
    }

    /// Fetches a directory that is going to be opened, without waiting.
    func prefetchContents(of directory: ObjectName) {
        guard contents[directory] == nil, fetched.count < BucketObjects.pendingLimit.fetched else { return }
        opening.insert(directory)
        if fetched[directory] == nil { fetched[directory] = get(directory) }
    }

    private func get(_ directory: ObjectName) -> PendingResponse<Lookup<S3Object>> {
        let get = S3Operation.get(
            key(directory), limit: BucketObjects.smallDirectory, metadata: BucketObjects.markName)
        return client.start(get, cancellation: cancellation)
    }

    /// Returns what is known of an object, or was asked for; nil where nothing was.
    func presenceIfKnown(_ name: ObjectName) throws -> Presence? {
        if known[name] == nil, asked[name] == nil, fetched[name] == nil { return nil }
        return try presence(name)
    }

    /// Finds out if an object is there.
    func presence(_ name: ObjectName) throws -> Presence {
        if let presence = known[name] { return presence }
        if name.type == .dirtree { fetch(name) } else { ask(name) }
        if let response = fetched.removeValue(forKey: name) {
            do {
                return try take(response.value().found, as: name)
            } catch let error as S3Error where error.code == .tooLarge {
                ask(name)
            }
        }
        let found = try asked.removeValue(forKey: name)?.value().found
        let presence = presence(found, of: name)
        known[name] = presence
        return presence
    }

    private func presence(_ found: ObjectAttributes?, of name: ObjectName) -> Presence {
        guard let found else { return .absent }
        return name.type == .dirtree && found.metadata == mark.value ? .marked : .present
    }

    private func take(_ found: S3Object?, as name: ObjectName) throws -> Presence {
        let presence = presence(found?.attributes, of: name)
        note(name, presence)
        // Nobody else opens a marked directory.
        if let found, opening.remove(name) != nil || presence != .marked { try keep(found, as: name) }
        return known[name] ?? presence
    }

    private func keep(_ object: S3Object, as name: ObjectName) throws {
        guard Digest(of: object.bytes).finish() == name.checksum else {
            throw RepositoryError.damaged(
                "object \(name) of \(client.location)", "its checksum is another one")
        }
        if contentSize + object.bytes.count > BucketObjects.contentLimit {
            (contents, contentSize) = ([:], 0)
        }
        if contents.updateValue((object.bytes, object.attributes.etag), forKey: name) == nil {
            contentSize += object.bytes.count
        }
    }

    /// Reads a metadata object; nil if it is not there.
    func metadata(_ name: ObjectName) throws -> [UInt8]? {
        if let bytes = contents[name]?.bytes { return bytes }
        if let response = fetched.removeValue(forKey: name) {
            do { _ = try take(response.value().found, as: name) } catch let error as S3Error
                where error.code == .tooLarge
            {}
            if let bytes = contents[name]?.bytes { return bytes }
        }
        if known[name] == .absent { return nil }
        let get = S3Operation.get(
            key(name), limit: Commit.maximumMetadataSize, isFresh: name.type == .commitmeta,
            metadata: BucketObjects.markName)
        guard let found = try client.run(get, cancellation: cancellation).found else { return nil }
        if name.type == .commitmeta { return found.bytes }
        if known[name] == nil { known[name] = presence(found.attributes, of: name) }
        try keep(found, as: name)
        return found.bytes
    }

    /// The version of a directory that is there without a valid mark, if it was read.
    func version(of directory: ObjectName) -> ETag? {
        known[directory] == .present ? contents[directory]?.version : nil
    }
}
