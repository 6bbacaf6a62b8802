// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactRepository
import CommandLineSupport
import TextCoding

struct RepoExpireCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expire",
        abstract: "Frees space by removing the least recently used artifacts, and old history.",
        discussion: """
            With --keep-commits and --keep-younger, the older commits of branches are removed, whether there is space or not; \
            pinned refs keep all their history. With --max-size and --min-free, history and then whole artifacts are removed \
            until the limits are met.

            An artifact is used when it is pushed, when a push finds it present, and when an access log says that it was \
            pulled. The receiver frees space by itself, with --max-size and --min-free; this command is for repositories that \
            other programs write to, and for access logs.

            In a bucket, --older-than removes refs that were not used for so long, but access logs count for one call, to which \
            all of that time have to be given; --keep-commits and --keep-younger remove older commits of those that stay, \
            and everything that no ref needs goes in any case:

              bst-artifact repo expire --older-than 90d --keep-commits 10 s3://artifacts/os

            Pushes and pulls may go on meanwhile. If it is interrupted, the next one goes on, on any machine.
            """)

    @OptionGroup var bucket: BucketArgument
    @OptionGroup var history: HistoryOptions
    @OptionGroup var expiry: ExpiryOptions

    @Option(
        help: ArgumentHelp(
            "Record the pulls in a web server's log, common or combined, as uses. May be repeated.",
            valueName: "file"))
    var accessLog: [String] = []

    @Flag(name: [.long, .customShort("n")], help: "Remove nothing; print what would be removed.")
    var dryRun = false

    @OptionGroup(title: "In a bucket") var bucketExpiry: BucketExpiryOptions
    @OptionGroup var signing: SummarySigningOptions
    @OptionGroup var local: LocalOptions

    var hasLimits: Bool {
        expiry.maxSize != nil || expiry.minFree != nil || !history.rules.isEmpty
    }

    func validate() throws {
        if BucketStore.isAddress(bucket.bucket ?? local.repo ?? "") { return try validateForBucket() }
        guard bucketExpiry.isEmpty else {
            throw ValidationError(
                "--older-than and --grace are for caches in buckets: name one, s3://BUCKET/PREFIX.")
        }
        guard hasLimits || !accessLog.isEmpty else {
            throw ValidationError(
                "Set a limit with --keep-commits, --keep-younger, --max-size or --min-free, or name a log with --access-log."
            )
        }
        if dryRun && !accessLog.isEmpty {
            throw ValidationError(
                "A dry run records no pulls: leave out --access-log, or run with it and without limits first."
            )
        }
    }

    /// Says how many pulls an access log has.
    func noted(_ count: Int, in log: String) -> JSON {
        local.terminal.say("\(log): \(Format.count(count, "pull")) noted")
        return ["accessLog": JSON(log), "pulls": JSON(count)]
    }

    func run() throws {
        if let store = try bucket.open(local, try Interruption.cancellation()) { return try run(store) }
        let repository = try local.openForChanges()
        var notedPulls: [JSON] = []
        for log in accessLog {
            notedPulls.append(noted(try repository.recordAccesses(fromLog: log), in: log))
        }
        guard hasLimits else {
            return local.terminal.emit([
                "repository": JSON(repository.path), "notedPulls": .array(notedPulls),
            ])
        }
        var limits = expiry.limits
        limits.history = history.rules
        let expiry = Expiry(repository, limits: limits)
        let report = try dryRun ? expiry.plan() : expiry.run()
        local.terminal.warn(about: report.leftOut)
        let verb = dryRun ? "would go" : "gone"
        for history in report.shortened {
            local.terminal.say(
                "\(history.ref): \(Format.count(history.removedCommits, "older commit")) \(verb), "
                    + "\(history.keptCommits) kept")
        }
        for entry in report.expired {
            local.terminal.say(
                "\(entry.ref): last used \(Format.date(UInt64(clamping: entry.lastUse))), at \(entry.commit)")
        }
        local.terminal.say(
            "\(repository.path): \(Format.count(report.expired.count, "ref")) \(verb), "
                + "\(Format.bytes(report.freedBytes)) of \(Format.bytes(report.bytesBefore)) freed")
        local.terminal.emit([
            "repository": JSON(repository.path), "dryRun": JSON(dryRun),
            "expired": .array(
                report.expired.map {
                    ["ref": JSON($0.ref), "commit": JSON($0.commit), "lastUse": JSON($0.lastUse)]
                }),
            "shortened": .array(
                report.shortened.map {
                    [
                        "ref": JSON($0.ref), "keptCommits": JSON($0.keptCommits),
                        "removedCommits": JSON($0.removedCommits),
                    ]
                }), "freedBytes": JSON(report.freedBytes), "bytesBefore": JSON(report.bytesBefore),
            "excessBytes": JSON(report.excessBytes), "notedPulls": .array(notedPulls),
        ])
        // The summary also lists static deltas, which go with their commits.
        if !dryRun && !(report.expired.isEmpty && report.shortened.isEmpty) {
            signing.updateSummary(
                of: repository, local.terminal, orElse: "the summary still shows what is gone")
        }
        if report.excessBytes > 0 {
            local.terminal.fail(
                "\(repository.path) takes \(Format.bytes(report.excessBytes)) more than it may, and nothing else may go: "
                    + "keep fewer refs, or allow it more")
            throw ExitStatus.incomplete.code
        }
    }
}
