// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import SystemCalls

/// Small files that are put as soon as they are verified, before everything of a push has arrived. They never are on this
/// machine's disk.
final class EarlyPuts: Sendable {
    private let location: S3Location
    private let window: RequestWindow
    private let names = Monitor<Set<ObjectName>>([])
    /// What was put.
    let bytes = PutBytes()

    init(_ client: S3Client, cancellation: Cancellation?) {
        location = client.location
        window = RequestWindow(client, cancellation: cancellation)
    }

    /// Puts a verified file, on any thread, unless an earlier one could not be put.
    ///
    /// - Returns: false where the file has to be kept.
    func take(_ name: ObjectName, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let put = S3Operation.put(
            BucketObjects.key(name, in: location), .bytes(Array(bytes)), if: .ifAbsent,
            cacheControl: BucketObjects.cacheControl)
        let size = UInt64(bytes.count)
        // `finish` throws the failure.
        guard (try? window.run(put, then: { [counted = self.bytes] in counted.add(size, for: $0) })) != nil
        else {
            return false
        }
        names.withLock { _ = $0.insert(name) }
        return true
    }

    /// Returns true if a file was taken since the last call of `finish`.
    func contains(_ name: ObjectName) -> Bool { names.withLock { $0.contains(name) } }

    /// Waits until all files that were taken are in the bucket, and returns them.
    ///
    /// - Throws: the first failure.
    func finish() throws -> Set<ObjectName> {
        try window.finish()
        return names.withLock { names in
            defer { names = [] }
            return names
        }
    }
}
