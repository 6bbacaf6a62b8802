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
        let size = SpaceLimitedQuarantine.allocation(of: size ?? 0)
        received += min(size, .max - received)
        if let maximum = limits.maximumSize, received > maximum { throw tooLarge(maximum) }
        if size > granted { try makeFree(size) } else { granted -= size }
        return object
    }

    private var path: String { repository.path }

    /// How much disk a file takes: whole blocks.
    private static func allocation(of size: UInt64) -> UInt64 {
        let (blocks, rest) = size.quotientAndRemainder(dividingBy: 4096)
        return blocks * 4096 + (rest == 0 ? 0 : min(4096, .max - blocks * 4096))
    }

    private func tooLarge(_ maximum: UInt64) -> RepositoryError {
        RepositoryError(
            .noSpace,
            "the push can never fit into the cache at \(path), which takes at most \(maximum) bytes, those of kept refs "
                + "included: push less, or ask its administrator for more")
    }

    /// Sees to it that so many bytes can be written.
    private func makeFree(_ size: UInt64) throws {
        // With room for those that follow, or else only for this one. Nothing goes as long as this one fits.
        let attempts = [size + min(SpaceLimitedQuarantine.grant, .max - size), size]
        for wanted in attempts where try isFree(wanted) { return granted = wanted - size }
        for wanted in attempts where limits.minimumFree != nil {
            try expire(adding: wanted)
            if try isFree(wanted) { return granted = wanted - size }
        }
        throw RepositoryError(
            .noSpace,
            "object of \(size) bytes does not fit into the cache at \(path), which is full: \(try repository.freeBytes()) "
                + "bytes are free, and \(limits.minimumFree ?? 0) must stay so; ask its administrator to make room"
        )
    }

    private func isFree(_ bytes: UInt64) throws -> Bool {
        let (needed, overflow) = bytes.addingReportingOverflow(limits.minimumFree ?? 0)
        return try !overflow && repository.freeBytes() >= needed
    }

    private func expire(adding bytes: UInt64) throws {
        try note(Expiry(repository, limits: limits).run(addingBytes: bytes))
    }

    private func note(_ report: Expiry.Report) throws {
        if !report.expired.isEmpty { try repository.requestSummaryUpdate() }
    }

    func publish(_ changes: [RefChange], replaceDetachedMetadata: Bool) throws -> [RefOutcome] {
        if let maximum = limits.maximumSize {
            var limits = limits
            // What was received is on the disk already.
            limits.minimumFree = nil
            let report = try Expiry(repository, limits: limits).run(
                addingBytes: received, needing: changes.map(\.ref))
            try note(report)
            if report.excessBytes > 0 { throw tooLarge(maximum) }
        }
        return try inner.publish(changes, replaceDetachedMetadata: replaceDetachedMetadata)
    }
}
