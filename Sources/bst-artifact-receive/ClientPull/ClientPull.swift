// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import ArtifactReceiver
import ArtifactRepository
import Logging

/// A pull from a client of ostree-push 1.x.
///
/// The client's commits are put on top of those that the refs have here, as ostree-push's own receiver does.
struct ClientPull {
    let request: ClientPullRequest
    let repository: Repository
    let policies: [any ReceivePolicy]
    let options: Receiver.Options
    let logger: Logger

    /// Pulls the refs that have something new.
    func run() throws {
        if options.isReadOnly { throw ReadOnly(repository.location).refusal }
        try repository.recover()
        var web = WebOptions()
        web.isDirect = true
        // Between the client and this machine is ssh, which sees to lost packets.
        web.attempts = 2
        if let timeout = options.timeout { web.timeout = timeout }
        let remote = try RemoteRepository(RemoteAddress(parsing: request.url), options: web)
        let edits = try wantedEdits(remote)
        guard !edits.isEmpty else { return logger.notice("nothing is to be taken") }
        try ReceivePolicies(policies).authorize(edits)
        try repository.check(edits, moves: .any)
        if request.isDryRun {
            for edit in edits {
                logger.notice("\(edit.ref) would be taken from \(Checksum.hexOrZeros(edit.new))")
            }
            return
        }
        let puller = Puller(from: remote, into: repository, policies: policies)
        // A builder has none, and a client is not to choose how its objects are made.
        puller.deltas = .never
        puller.merging = .keepsStored
        puller.rewriter = options.rewriter
        puller.rewriter.reparents = .all
        let report = try puller.pull(edits.map(\.ref))
        for result in report.results {
            logger.notice("\(result.ref) -> \(Checksum.hexOrZeros(result.new))")
        }
        options.record(
            PushRecord(
                refs: report.results.filter { $0.outcome == .moved }, objects: report.objects,
                bytes: report.bytes
            ))
    }

    /// The edits of refs with new content; the others are named in warnings.
    private func wantedEdits(_ remote: RemoteRepository) throws -> [RefEdit] {
        let refs = try request.refs.isEmpty ? allRefs(of: remote) : request.refs
        let commits = try remote.resolve(refs)
        let details = try remote.commits(Array(commits.values))
        return try refs.compactMap { ref in
            guard let new = commits[ref], let commit = details[new] else {
                throw RepositoryError(.unknownRef, "the client has no ref \(ref): push one that it has")
            }
            let current = try repository.commit(of: ref)
            let edit = RefEdit(ref, at: current, to: new)
            guard let current else { return edit }
            if let objection = try objection(to: commit, replacing: current), !request.isForced {
                logger.warning("\(ref) stays at \(current): the client's commit \(new) \(objection)")
                return nil
            }
            guard options.moves != .never else {
                logger.warning(
                    "\(ref) exists already and stays: this cache has refs moved by nobody (--moves never)")
                return nil
            }
            return edit
        }
    }

    private func objection(to commit: Commit, replacing current: Checksum) throws -> String? {
        let old = try repository.commit(current)
        if commit.hasContent(of: old) { return "has the same content" }
        return commit.timestamp <= old.timestamp ? "is not newer" : nil
    }

    /// All refs of the client's summary but those that flatpak and ostree make from others.
    private func allRefs(of remote: RemoteRepository) throws -> [RefName] {
        var refs: [RefName] = []
        try remote.summary(in: "\(repository.path)/tmp").forEach { entry in
            let isMade =
                entry.ref.text == "ostree-metadata"
                || ["appstream/", "appstream2/"].contains(where: entry.ref.text.hasPrefix)
            if !isMade { refs.append(entry.ref) }
        }
        return refs
    }
}
