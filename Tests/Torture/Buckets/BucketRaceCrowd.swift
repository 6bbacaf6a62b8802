// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// Everything else that works on the cache in a bucket meanwhile.
struct BucketRaceCrowd {
    let hosts: [BucketRaceHost]
    let ground: RaceGround
    let record: RaceRecord

    /// Actions that are repeated, each by a thread of its own.
    var members: [@Sendable (Int) throws -> Void] { [pull, summarize, delete, collect] }

    private func pull(_ round: Int) throws {
        guard let (ref, commit) = record.pullable(round) else { return }
        let target = "\(ground.place)/pulled"
        if access(target, F_OK) != 0 { try OSTreeCommand.initRepo(target, mode: .bareUser) }
        let host = hosts[round % hosts.count]
        let pulled = try host.artifact(["pull", "--repo", target, "--remote", host.address, ref])
        record.count("pulls")
        if !pulled.succeeded { return record.fail("pull of \(ref) failed: \(pulled.errorText.suffix(400))") }
        let found = try OSTreeCommand.revParse(target, ref)
        if found != commit { record.fail("\(ref) was acknowledged at \(commit), and pulled at \(found)") }
    }

    private func summarize(_ round: Int) throws {
        let host = hosts[round % hosts.count]
        let result = try host.artifact(["repo", "summary", host.address, "--changed"])
        record.count(result.succeeded ? "summaries" : "summaries that others were quicker than")
        let isBusy = result.errorText.contains("others replace it all the time")
        if !result.succeeded, !isBusy { record.fail("summary failed: \(result.errorText.suffix(400))") }
        usleep(300_000)
    }

    /// Collects garbage, from one host after the other.
    private func collect(_ round: Int) throws {
        let host = hosts[round % hosts.count]
        // A collector waits for half an hour where the answer to a removal was lost, and so does whoever goes on after it.
        let result = try run(
            [
                "timeout", "20", Programs.artifact(), "repo", "expire", host.address, "--object-age", "0h",
                "--grace", "0h",
            ], environment: host.environment)
        // `timeout` says so also where the collector was about to end, and had nothing to say.
        guard result.status != .exited(124) else {
            return record.count("collections that were interrupted")
        }
        record.count("collections")
        if !result.succeeded { record.fail("expire failed: \(result.errorText.suffix(400))") }
    }

    private func delete(_ round: Int) throws {
        let host = hosts[round % hosts.count]
        let listed = try host.artifact(["list", "--remote", host.address, "scratch/*"])
        guard listed.succeeded, let ref = listed.lines.first else {
            usleep(300_000)
            return
        }
        let result = try host.artifact(["delete", "--remote", host.address, ref])
        record.count("deletions")
        if !result.succeeded { record.fail("deletion of \(ref) failed: \(result.errorText.suffix(400))") }
        usleep(300_000)
    }
}
