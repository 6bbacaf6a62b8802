// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import SystemCalls

/// The nodes of the state in a bucket, or those with pins. Those that were read are kept, since none changes.
final class StateNodes: Sendable {
    private struct Kept {
        var nodes: [Checksum: [UInt8]] = [:]
        var size = 0
    }

    /// A place for nodes, below the cache's prefix.
    enum Place: String {
        case state = "bst-artifact/state/"
        case pins = "bst-artifact/pins/"

        /// The largest node in bytes.
        var maximumSize: Int {
            switch self {
            case .state: StateNode.maximumSize
            case .pins: PinNode.maximumSize
            }
        }
    }

    private let client: S3Client
    private let place: Place
    private let cancellation: Cancellation?
    private let kept = Monitor(Kept())

    /// The most bytes of nodes that are kept.
    private static let limit = 8 << 20

    init(_ client: S3Client, _ place: Place, cancellation: Cancellation?) {
        (self.client, self.place, self.cancellation) = (client, place, cancellation)
    }

    /// The beginning of all keys.
    var prefix: String { client.location.key(place.rawValue) }

    func key(_ digest: Checksum) -> String { prefix + digest.hex }

    /// Reads nodes, all of them at the same time.
    ///
    /// - Throws: `RepositoryError` with `missingObject` where one is gone, with `badObject` where it has other bytes.
    func read(_ digests: [Checksum]) throws -> [[UInt8]] {
        let known = kept.withLock { kept in digests.map { kept.nodes[$0] } }
        let requests = zip(digests, known).map { digest, bytes in
            bytes == nil
                ? client.start(
                    .get(key(digest), limit: place.maximumSize), cancellation: cancellation)
                : nil
        }
        return try zip(zip(digests, known), requests).map { node, request in
            if let bytes = node.1 { return bytes }
            let digest = node.0
            guard let bytes = try request?.value().found?.bytes else {
                throw RepositoryError(
                    .missingObject,
                    "node \(digest) of the \(place) of \(client.location) is gone, as after a week: try again"
                )
            }
            guard Digest(of: bytes).finish() == digest else {
                throw RepositoryError.damaged("node \(digest) of the \(place)", "it has other bytes")
            }
            keep(digest, bytes)
            return bytes
        }
    }

    private func keep(_ digest: Checksum, _ bytes: [UInt8]) {
        kept.withLock { kept in
            if kept.size + bytes.count > StateNodes.limit { kept = Kept() }
            if kept.nodes.updateValue(bytes, forKey: digest) == nil { kept.size += bytes.count }
        }
    }

    /// A tree that reads nodes.
    var tree: StateTree {
        StateTree(
            read: { [self] in try read($0) },
            write: { _ in throw RepositoryError(.notAllowed, "a state that is only read has no new nodes") })
    }

    /// Calls `body` with a tree that reads nodes and writes new ones, which are there when this returns.
    func withWritableTree<T>(_ body: (StateTree) throws -> T) throws -> T {
        let window = RequestWindow(client, cancellation: cancellation)
        let result = try body(
            StateTree(
                read: { [self] in try read($0) },
                write: { [self] bytes in try put(bytes, window) }))
        try window.finish()
        return result
    }

    /// Writes a node, and returns its digest.
    func put(_ bytes: [UInt8]) throws -> Checksum {
        let window = RequestWindow(client, cancellation: cancellation)
        let digest = try put(bytes, window)
        try window.finish()
        return digest
    }

    private func put(_ bytes: [UInt8], _ window: RequestWindow) throws -> Checksum {
        let digest = Digest(of: bytes).finish()
        // Nobody else writes these bytes, so this may be repeated.
        try window.run(.put(key(digest), bytes, cacheControl: "public, max-age=31536000, immutable"))
        keep(digest, bytes)
        return digest
    }
}
