// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactProtocol
import ArtifactRepository
import Glibc
import TextCoding

/// Options for the expiry of a cache in a bucket.
struct BucketExpiryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Remove refs that were last used longer ago: 36h, 90d, 8w, 1y.", valueName: "age"))
    var olderThan: Age?

    @Option(
        help: ArgumentHelp(
            "Keep what no ref needs for this long after it was found, for pushes and pulls under way. (default: 1h)",
            valueName: "age"))
    var grace: Age?

    /// For tests: objects that are younger than this are no garbage.
    @Option(help: .hidden)
    var objectAge: Age?

    var isEmpty: Bool { olderThan == nil && grace == nil && objectAge == nil }

    var times: GarbageCollector.Times {
        var times = GarbageCollector.Times()
        if let grace { times.grace = grace.duration }
        if let objectAge { times.age = objectAge.duration }
        return times
    }
}

extension RepoExpireCommand {
    func validateForBucket() throws {
        guard expiry.maxSize == nil, expiry.minFree == nil else {
            throw ValidationError(
                "Limits of space are for repositories of this machine: in a bucket there are --keep-commits, --keep-younger "
                    + "and --older-than.")
        }
        guard accessLog.isEmpty || bucketExpiry.olderThan != nil else {
            throw ValidationError(
                "In a bucket, an access log tells what --older-than leaves: set an age, or leave out --access-log."
            )
        }
    }

    func run(_ store: BucketStore) throws {
        var expired: [JSON] = []
        let verb = dryRun ? "would go" : "gone"
        func show(_ ref: RefName, _ commit: Checksum, _ time: Int) {
            local.terminal.say("\(ref): last used \(Format.date(UInt64(clamping: time))), at \(commit)")
            expired.append(["ref": JSON(ref), "commit": JSON(commit), "lastUse": JSON(time)])
        }
        var notedPulls: [JSON] = []
        if let age = bucketExpiry.olderThan {
            let kept = expiry.keep.isEmpty ? nil : RefFilter(allowed: expiry.keep, denied: [])
            var accesses = LatestAccesses(of: accessLog.isEmpty ? RefList() : try store.refs())
            for log in accessLog {
                notedPulls.append(noted(try accesses.add(fromLog: log), in: log))
            }
            let oldest = time(nil) - age.seconds
            let refs = RefExpiry(of: store, before: oldest) { [times = accesses.times] ref in
                kept?.allows(ref) ?? false || times[ref] ?? .min >= oldest
            }
            try dryRun ? refs.forEach(show) : refs.run(show)
            if !dryRun { store.updateSummary(local.terminal, signing.summaryOptions.signers) }
        }
        let progress = local.terminal.progress("expiring \(store.location)")
        defer { progress.clear() }
        var collector = GarbageCollector(store, times: bucketExpiry.times, history: history.rules) {
            progress.show($0)
        }
        let report = try dryRun ? collector.plan() : collector.run()
        progress.clear()
        // Most of them are older ones of histories, and some those of refs that are gone.
        let commits =
            history.rules.isEmpty ? "" : "\(Format.count(report.condemnedCommits, "commit")) among them, "
        local.terminal.say(
            "\(store.location): \(Format.count(expired.count, "ref")) \(verb), "
                + "\(Format.count(dryRun ? report.condemned : report.removed, "object")) \(verb), "
                + commits + "\(Format.bytes(report.garbageBytes)) of \(Format.bytes(report.bytes)) freed")
        local.terminal.emit([
            "repository": JSON(store.location), "dryRun": JSON(dryRun), "expired": .array(expired),
            "objects": JSON(dryRun ? report.condemned : report.removed),
            "commits": JSON(report.condemnedCommits), "freedBytes": JSON(report.garbageBytes),
            "bytesBefore": JSON(report.bytes),
            "removedRecords": JSON(report.removedRecords), "notedPulls": .array(notedPulls),
        ])
    }
}
