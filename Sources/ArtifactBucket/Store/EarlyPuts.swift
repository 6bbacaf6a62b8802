// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import SystemCalls

/// Small files that are put as soon as they are verified, before everything of a push has arrived. They never are on this
/// machine's disk. Only those are that a commit of the push needs, as far as has arrived.
final class EarlyPuts: Sendable {
    private let location: S3Location
    private let window: RequestWindow
    private let state = Monitor(State())

    private struct State {
        /// Files that may be put, and did not arrive yet.
        var expected: Set<ObjectName> = []
        /// Files that were taken since the last call of `finish`.
        var taken: Set<ObjectName> = []
    }

    /// The bytes that were put.
    let bytes = PutBytes()

    init(_ client: S3Client, cancellation: Cancellation?) {
        location = client.location
        window = RequestWindow(client, cancellation: cancellation)
    }

    /// Allows a file to be put when it arrives.
    func expect(_ name: ObjectName) { state.withLock { _ = $0.expected.insert(name) } }

    /// Puts a verified file that was expected, on any thread, unless an earlier one could not be put.
    ///
    /// - Returns: false where the file has to be kept.
    func take(_ name: ObjectName, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard state.withLock({ $0.expected.remove(name) }) != nil else { return false }
        let put = S3Operation.put(
            BucketObjects.key(name, in: location), .bytes(Array(bytes)), if: .ifAbsent,
            cacheControl: BucketObjects.cacheControl)
        let size = UInt64(bytes.count)
        // `finish` throws the failure.
        guard (try? window.run(put, then: { [counted = self.bytes] in counted.add(size, for: $0) })) != nil
        else {
            return false
        }
        state.withLock { _ = $0.taken.insert(name) }
        return true
    }

    /// Returns true if a file was taken since the last call of `finish`.
    func contains(_ name: ObjectName) -> Bool { state.withLock { $0.taken.contains(name) } }

    /// Waits until all files that were taken are in the bucket, and returns them.
    ///
    /// - Throws: the first failure.
    func finish() throws -> Set<ObjectName> {
        try window.finish()
        return state.withLock { state in
            defer { state = State() }
            return state.taken
        }
    }
}
