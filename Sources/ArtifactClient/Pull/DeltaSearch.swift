// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import SystemCalls

/// A commit to which a static delta may lead, and what the remote has of such deltas.
final class DeltaTarget {
    let commit: Checksum
    /// The commit of the ref so far, if it is here as a whole.
    let previous: Checksum?
    /// The index of deltas, if the remote has one.
    var index: DeltaIndex?
    /// The superblocks that were fetched.
    var superblocks: [DeltaName: Descriptor] = [:]

    init(_ commit: Checksum, previous: Checksum?) {
        (self.commit, self.previous) = (commit, previous)
    }

    /// The delta that is most likely to be there.
    var likely: DeltaName { DeltaName(from: previous, to: commit) }
}

/// Looks for static deltas that lead to commits, from what is here.
struct DeltaSearch {
    let repository: Repository
    let client: WebClient

    private static let maximumIndexSize: UInt64 = 1 << 20
    /// The most deltas of an index whose source is looked up.
    private static let maximumSources = 1000

    /// Fetches the index and the likely superblock of each target, at the same time as other things.
    func look(for targets: some Collection<DeltaTarget>, beside others: [any WebRequest] = []) throws {
        var requests: [any WebRequest] = others
        for target in targets {
            try requests.append(indexRequest(target))
            try requests.append(superblockRequest(target.likely, for: target))
        }
        try client.run { requests.popLast() }
    }

    private func indexRequest(_ target: DeltaTarget) throws -> DeltaFileRequest {
        try DeltaFileRequest(
            DeltaName.indexPath(of: target.commit), into: repository.temporaryFile(),
            limit: DeltaSearch.maximumIndexSize, isDispensable: true
        ) { file in
            guard let file else { return }
            let mapping = try FileMapping(file)
            target.index = withExtendedLifetime(mapping) {
                DeltaIndex(Array(mapping.bytes), of: target.commit)
            }
        }
    }

    private func superblockRequest(_ name: DeltaName, for target: DeltaTarget) throws -> DeltaFileRequest {
        try DeltaFileRequest(
            name.superblockPath, into: repository.temporaryFile(), limit: StaticDelta.maximumSize,
            isDispensable: true
        ) { file in
            if let file, try file.status().st_size > 0 { target.superblocks[name] = file }
        }
    }

    /// Returns the best delta to a target: from the ref's commit, from any other that is here, or from nothing.
    ///
    /// - Throws: `DeltaError` if it is broken.
    func delta(to target: DeltaTarget) throws -> StaticDelta? {
        guard let name = try bestName(target) else { return nil }
        if target.superblocks[name] == nil {
            var requests = [try superblockRequest(name, for: target)]
            try client.run { requests.popLast() }
        }
        guard let file = target.superblocks[name] else { return nil }
        return try StaticDelta(
            mapping: file, as: name, digest: target.index?.superblocks[name],
            makeFile: repository.temporaryFile)
    }

    private func bestName(_ target: DeltaTarget) throws -> DeltaName? {
        guard let index = target.index?.superblocks else {
            return target.superblocks[target.likely].map { _ in target.likely }
        }
        if index[target.likely] != nil { return target.likely }
        let names = index.keys.filter { $0.source != nil }.prefix(DeltaSearch.maximumSources)
        if let name = try names.first(where: { try $0.source.map(repository.hasWhole) ?? false }) {
            return name
        }
        let scratch = DeltaName(from: nil, to: target.commit)
        return index[scratch].map { _ in scratch }
    }
}
