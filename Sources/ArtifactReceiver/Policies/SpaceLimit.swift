// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// A repository in which old artifacts make room for new ones, and which refuses what can never fit.
public final class SpaceLimit: StoreDecorator {
    /// The store behind.
    public let inner: any ArtifactStore
    private let repository: Repository
    private let limits: Expiry.Limits

    /// Limits how much of its disk `repository` takes, which is behind `inner`.
    public init(_ inner: any ArtifactStore, of repository: Repository, limits: Expiry.Limits) {
        self.inner = inner
        self.repository = repository
        self.limits = limits
    }

    /// Makes a place for new objects for which room is made.
    public func makeQuarantine(_ purpose: QuarantinePurpose) throws -> any Quarantine {
        SpaceLimitedQuarantine(try inner.makeQuarantine(purpose), repository, limits)
    }
}

private final class SpaceLimitedQuarantine: QuarantineDecorator {
    let inner: any Quarantine
    private let repository: Repository
    private let limits: Expiry.Limits
    /// How many bytes the push has brought.
    private var received: UInt64 = 0
    /// How many bytes may come before the disk is looked at again.
    private var granted: UInt64 = 0

    /// How many bytes are granted at once, so that small objects cost nothing.
    private static let grant: UInt64 = 4 << 20

    init(_ inner: any Quarantine, _ repository: Repository, _ limits: Expiry.Limits) {
        self.inner = inner
        self.repository = repository
        self.limits = limits
    }

    func receive(_ name: ObjectName, size: UInt64?) throws -> (any IncomingObject)? {
        guard let object = try inner.receive(name, size: size) else { return nil }
        let size = size ?? 0
        received += min(size, .max - received)
        if let maximum = limits.maximumSize, received > maximum {
            throw RepositoryError(
                .noSpace,
                "the push can never fit into the cache at \(path), which takes at most \(maximum) bytes: push less, or ask "
                    + "its administrator for more")
        }
        if size > granted { try makeFree(size) } else { granted -= size }
        return object
    }

    private var path: String { repository.path }

    /// Sees to it that so many bytes can be written.
    private func makeFree(_ size: UInt64) throws {
        let wanted = size + min(SpaceLimitedQuarantine.grant, .max - size)
        let reserve = limits.minimumFree ?? 0
        func isFree(_ bytes: UInt64) throws -> Bool {
            let (needed, overflow) = bytes.addingReportingOverflow(reserve)
            return try !overflow && repository.freeBytes() >= needed
        }
        if try isFree(wanted) { return granted = SpaceLimitedQuarantine.grant }
        if limits.minimumFree != nil, try repository.freeBytes() < .max - wanted {
            try expire(adding: wanted)
        }
        guard try isFree(size) else {
            throw RepositoryError(
                .noSpace,
                "object of \(size) bytes does not fit into the cache at \(path), where \(try repository.freeBytes()) bytes are "
                    + "free and \(reserve) must stay so: ask its administrator to make room")
        }
        granted = 0
    }

    private func expire(adding bytes: UInt64, needing refs: [RefName] = []) throws {
        let report = try Expiry(repository, limits: limits).run(addingBytes: bytes, needing: refs)
        if !report.expired.isEmpty { try? repository.requestSummaryUpdate() }
    }

    func publish(_ changes: [RefChange], replaceDetachedMetadata: Bool) throws -> [RefOutcome] {
        if limits.maximumSize != nil {
            try expire(adding: received, needing: changes.map(\.ref))
        }
        return try inner.publish(changes, replaceDetachedMetadata: replaceDetachedMetadata)
    }
}
