// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import SystemCalls

/// The static deltas that a pull may use.
public struct DeltaUse {
    let choice: DeltaChoice
    /// The commits, each with the one that its ref has here.
    let entries: [(commit: Checksum, previous: Checksum?)]
    let quarantine: any Quarantine
    let repository: Repository
    let warn: (String) -> Void
}

/// Fetches what commits lack as static deltas, where the remote has fitting ones. Everything else is fetched object by
/// object afterwards, as if the objects of deltas had been here.
final class DeltaFetch {
    private let use: DeltaUse
    private let fetch: ObjectFetch
    private let client: WebClient
    private let search: DeltaSearch
    /// Objects that were passed to the quarantine, which has them once they are verified.
    private var passed: Set<ObjectName> = []

    /// The commits for which deltas are looked for before it is known that the remote has any.
    private static let pilotSize = 8
    /// The bounds on parts that are fetched before they are applied.
    private static let batchLimit: (parts: Int, bytes: UInt64) = (16, 64 << 20)

    init(_ use: DeltaUse, for fetch: ObjectFetch, client: WebClient) {
        (self.use, self.fetch, self.client) = (use, fetch, client)
        search = DeltaSearch(repository: use.repository, client: client)
    }

    private var choice: DeltaChoice { use.choice }
    private var quarantine: any Quarantine { use.quarantine }
    private var repository: Repository { use.repository }

    /// Fetches the commits, and what they lack as far as deltas have it.
    ///
    /// - Throws: where deltas are demanded, `ClientError` with `missing` if the remote lacks one, and with `badContent` if
    ///   one is broken.
    func run() throws {
        var targets: [DeltaTarget] = []
        var seen: Set<Checksum> = []
        for entry in use.entries
        where try seen.insert(entry.commit).inserted && !repository.hasWhole(entry.commit) {
            let previous = try entry.previous.flatMap { try repository.hasWhole($0) ? $0 : nil }
            targets.append(DeltaTarget(entry.commit, previous: previous))
        }
        guard !targets.isEmpty else { return }
        let pilots = targets.prefix(DeltaFetch.pilotSize)
        try search.look(for: pilots, beside: fetch.firstRequests())
        if choice == .always || pilots.contains(where: { $0.index != nil || !$0.superblocks.isEmpty }) {
            try search.look(for: targets.dropFirst(DeltaFetch.pilotSize))
        }
        for target in targets { try apply(to: target) }
    }

    /// Applies the best delta to a target.
    private func apply(to target: DeltaTarget) throws {
        do {
            guard let delta = try search.delta(to: target) else {
                guard choice == .always else { return }
                throw ClientError(
                    .missing,
                    "\(fetch.remote) has no static delta to commit \(target.commit) from what is here: pull without "
                        + "--deltas=always, or ask its administrator to make one")
            }
            try apply(delta)
            for verdict in quarantine.takeVerdicts(waiting: true) { try verdict.throwFailure() }
        } catch {
            guard choice == .auto, DeltaFetch.isOfDelta(error) else {
                throw (error as? DeltaError).map { error in
                    ClientError(.badContent, broken(target, error) + ": pull without --deltas=always")
                } ?? error
            }
            use.warn(broken(target, error) + ", so objects are fetched one by one: tell its administrator")
            // The other failures are of the same delta.
            _ = quarantine.takeVerdicts(waiting: true)
        }
    }

    private func broken(_ target: DeltaTarget, _ error: any Error) -> String {
        "the static delta of \(fetch.remote) to commit \(target.commit) cannot be used: \(error)"
    }

    /// Returns true if an error may be due to a delta alone.
    private static func isOfDelta(_ error: any Error) -> Bool {
        switch error {
        case is DeltaError: true
        case let error as RepositoryError: error.code == .badObject
        case let error as ClientError: [.badContent, .missing, .unreachable].contains(error.code)
        default: false
        }
    }

    private func apply(_ delta: StaticDelta) throws {
        let application = DeltaApplication(delta, to: repository)
        var parts = try application.plan(in: quarantine, wantsAll: choice == .always)[...]
        let total = parts.reduce(0) { $0 + Double($1.size) }
        var applied = 0.0
        while !parts.isEmpty {
            var (batch, bytes) = ([StaticDelta.Part](), UInt64(0))
            while let part = parts.first, batch.count < DeltaFetch.batchLimit.parts,
                batch.isEmpty || bytes + part.size <= DeltaFetch.batchLimit.bytes
            {
                batch.append(part)
                bytes += part.size
                parts.removeFirst()
            }
            let files = try self.files(of: batch, application, delta.name)
            for part in batch {
                try application.apply(part, files[part.index].map { try FileMapping($0) }, receive: receive)
                applied += Double(part.size)
                fetch.handleDeltaPart(part.isInline ? 0 : part.size, fraction: applied / total)
            }
        }
    }

    /// Fetches the files of parts, each of which is checked as it arrives.
    private func files(
        of parts: [StaticDelta.Part], _ application: DeltaApplication, _ name: DeltaName
    ) throws -> [Int: Descriptor] {
        var files: [Int: Descriptor] = [:]
        var requests = try parts.filter { !$0.isInline }.reversed().map { part in
            try DeltaFileRequest(
                name.partPath(part.index), into: repository.temporaryFile(), limit: part.size,
                isDispensable: false
            ) { file in
                try application.check(part, file.map { try FileMapping($0) })
                files[part.index] = file
            }
        }
        try client.run { requests.popLast() }
        return files
    }

    /// Makes room for an object of a delta; returns nil for one that is here.
    private func receive(_ name: ObjectName) throws -> (any IncomingObject)? {
        for verdict in quarantine.takeVerdicts(waiting: false) { try verdict.throwFailure() }
        guard try passed.insert(name).inserted && !quarantine.contains(name) else { return nil }
        return try fetch.receiveUnrequested(name).map { AdmittedObject(name, $0, fetch) }
    }
}

/// An object of a delta, about each piece of which the policies are asked.
private final class AdmittedObject: IncomingObject {
    private let name: ObjectName
    private let object: any IncomingObject
    private let fetch: ObjectFetch
    private var size: UInt64 = 0

    init(_ name: ObjectName, _ object: any IncomingObject, _ fetch: ObjectFetch) {
        (self.name, self.object, self.fetch) = (name, object, fetch)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        size += UInt64(bytes.count)
        try fetch.admitBytes(bytes.count, of: name, total: size)
        try object.write(bytes)
    }

    func finish() throws { try object.finish() }
}
