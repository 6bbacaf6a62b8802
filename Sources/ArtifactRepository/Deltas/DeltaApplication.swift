// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The parts of a static delta that are worth fetching, and their application to a quarantine.
package final class DeltaApplication {
    private let delta: StaticDelta
    private let repository: Repository
    private lazy var deflater = DeltaDeflater(for: repository)

    /// The bytes that a request costs beside what it fetches.
    private static let requestCost: UInt64 = 1024

    /// Prepares to apply a delta to a repository that has the commit that it leads from.
    package init(_ delta: StaticDelta, to repository: Repository) {
        (self.delta, self.repository) = (delta, repository)
    }

    /// Returns the parts that are worth fetching: those whose missing objects, fetched one by one, would take more bytes,
    /// requests included.
    ///
    /// - Parameter wantsAll: true for all parts of which an object is missing.
    /// - Throws: `DeltaError` if the superblock is damaged.
    package func plan(in quarantine: any Quarantine, wantsAll: Bool) throws -> [StaticDelta.Part] {
        try (0..<delta.partCount).compactMap { index in
            let part = try delta.part(index)
            let missing = try part.objects.count { try !quarantine.contains($0) }
            guard missing > 0 else { return nil }
            if wantsAll || missing == part.objects.count { return part }
            // Single objects are compressed about as well as all of a part, since many of them are small.
            let share = Double(missing) / Double(part.objects.count) * Double(part.size)
            let single = share + Double(UInt64(missing) * DeltaApplication.requestCost)
            let whole = part.isInline ? 0 : Double(part.size + DeltaApplication.requestCost)
            return whole < single ? part : nil
        }
    }

    /// Checks the checksum of a part's file.
    ///
    /// - Parameter file: the file; nil if there is none.
    /// - Throws: `DeltaError` if it is wrong.
    package func check(_ part: StaticDelta.Part, _ file: FileMapping?) throws {
        guard let file else { throw DeltaError("part \(part.index) of it is missing or too large") }
        try withExtendedLifetime(file) { try check(part, file.bytes) }
    }

    private func check(_ part: StaticDelta.Part, _ bytes: UnsafeRawBufferPointer) throws {
        let digest = Digest()
        digest.update(bytes)
        guard digest.finish() == part.checksum else {
            throw DeltaError("part \(part.index) of it has another checksum than its superblock says")
        }
    }

    /// Applies a part.
    ///
    /// - Parameters:
    ///   - file: the part's file, which was checked; nil for one that the superblock has within.
    ///   - receive: makes room for an object; returns nil for one that is there.
    /// - Throws: `DeltaError` if it cannot be applied; errors of the quarantine, `RepositoryError` with `badObject` for an
    ///   object that is not what its name says.
    package func apply(
        _ part: StaticDelta.Part, _ file: FileMapping?,
        receive: @escaping (ObjectName) throws -> (any IncomingObject)?
    ) throws {
        if let file {
            return try withExtendedLifetime(file) { try execute(part, file.bytes, receive) }
        }
        let result: Void? = try delta.withInlinePart(part.index) { bytes in
            try check(part, bytes)
            try execute(part, bytes, receive)
        }
        guard result != nil else { throw DeltaError("part \(part.index) of it is missing") }
    }

    private func execute(
        _ part: StaticDelta.Part, _ bytes: UnsafeRawBufferPointer,
        _ receive: @escaping (ObjectName) throws -> (any IncomingObject)?
    ) throws {
        // There is data for each object, or a patch of about its size, and an operation.
        let limit = 2 * part.contentSize + 256 * UInt64(part.objects.count) + 1 << 20
        let payload = try DeltaPayload(unpacking: bytes, into: repository.temporaryFile(), limit: limit)
        try DeltaExecutor(payload, making: part.objects, in: repository, deflater, receive: receive).run()
    }
}
