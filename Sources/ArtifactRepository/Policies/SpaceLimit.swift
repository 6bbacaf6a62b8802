// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Makes room for new artifacts at the expense of old ones, and refuses what can never fit.
public struct SpaceLimit: ReceivePolicy {
    private let repository: Repository
    private let limits: Expiry.Limits
    /// The bytes that the push has brought.
    private var received: UInt64 = 0
    /// The bytes that may arrive before free space is determined again.
    private var granted: UInt64 = 0

    /// The bytes that are granted at once, so that small objects cost nothing.
    private static let grant: UInt64 = 4 << 20

    /// Limits the disk space that a repository takes.
    public init(_ repository: Repository, limits: Expiry.Limits) {
        (self.repository, self.limits) = (repository, limits)
    }

    /// True where there is a limit for the whole repository.
    public var decidesAtPublication: Bool { limits.maximumSize != nil }

    /// Refuses an object that cannot fit, and runs an expiry if there is too little space for it.
    ///
    /// - Throws: `RepositoryError` with `noSpace`.
    public mutating func admit(_ object: ObjectName, size: UInt64?) throws {
        if let size { try reserve(size) }
    }

    /// Sees to it that the bytes can be written.
    ///
    /// - Throws: `RepositoryError` with `noSpace`.
    public mutating func admitBytes(_ count: UInt64, of object: ObjectName, total: UInt64) throws {
        try reserve(count)
    }

    private mutating func reserve(_ bytes: UInt64) throws {
        let size = SpaceLimit.allocation(of: bytes)
        received += min(size, .max - received)
        if let maximum = limits.maximumSize, received > maximum { throw tooLarge(maximum) }
        if size > granted { try makeFree(size) } else { granted -= size }
    }

    /// Makes room for all of the push.
    ///
    /// - Throws: `RepositoryError` with `noSpace`.
    public func willPublish(_ edits: [RefEdit], from quarantine: (any Quarantine)?) throws {
        guard quarantine != nil, let maximum = limits.maximumSize else { return }
        var limits = limits
        // The received objects are on the disk already.
        limits.minimumFree = nil
        let report = try Expiry(repository, limits: limits).run(
            addingBytes: received, needing: edits.map(\.ref))
        try note(report)
        if report.excessBytes > 0 { throw tooLarge(maximum) }
    }

    private var path: String { repository.path }

    /// The disk space of a file: whole blocks.
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

    /// Grants a number of bytes, and runs an expiry if there is too little space.
    private mutating func makeFree(_ size: UInt64) throws {
        // With room for those that follow, or else only for this one. Nothing goes as long as this one fits.
        let attempts = [size + min(SpaceLimit.grant, .max - size), size]
        for wanted in attempts where try isFree(wanted) { return granted = wanted - size }
        for wanted in attempts where limits.minimumFree != nil {
            try note(Expiry(repository, limits: limits).run(addingBytes: wanted))
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

    private func note(_ report: Expiry.Report) throws {
        if !report.expired.isEmpty || !report.shortened.isEmpty { try repository.requestSummaryUpdate() }
    }
}
