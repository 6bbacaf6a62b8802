// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import Glibc
import TextCoding

extension ByteCount: ExpressibleByArgument {}

struct RepoExpireCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expire",
        abstract: "Makes room: the artifacts that were not used for the longest time go.",
        discussion: """
            An artifact is used when it is pushed, when somebody finds on pushing that it is there, and when it is pulled as \
            far as an access log tells. The receiver makes room by itself, with --max-size and --min-free; this command is for \
            a repository that others write to, and for what an access log tells.
            """)

    @OptionGroup var repository: RepositoryOptions

    @Option(
        name: .customLong("max-size"),
        help: ArgumentHelp("The most that objects may take on disk: 500M, 20G.", valueName: "size"))
    var maximumSize: ByteCount?

    @Option(
        name: .customLong("min-free"),
        help: ArgumentHelp("How much of the file system must be free.", valueName: "size"))
    var minimumFree: ByteCount?

    @Option(
        name: .customLong("keep"),
        help: ArgumentHelp(
            "Refs like this never go; '*' also stands for slashes. May be repeated.", valueName: "pattern"))
    var kept: [String] = []

    @Option(
        name: .customLong("access-log"),
        help: ArgumentHelp(
            "A web server's log, common or combined: what it says was pulled was used. May be repeated.",
            valueName: "file"))
    var accessLogs: [String] = []

    @Flag(name: [.customLong("dry-run"), .customShort("n")], help: "Change nothing, and say what would go.")
    var isDryRun = false

    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard maximumSize != nil || minimumFree != nil || !accessLogs.isEmpty else {
            throw ValidationError(
                "Say how much room there is to be with --max-size or --min-free, or name a log with --access-log."
            )
        }
        if isDryRun && !accessLogs.isEmpty {
            throw ValidationError(
                "A dry run notes no pulls: leave out --access-log, or run with it and without limits first.")
        }
    }

    func run() throws {
        let repository = try repository.openForChanges(try configurationOptions.load())
        var notedPulls: [JSON] = []
        for log in accessLogs {
            let count = try repository.noteUses(inAccessLog: log)
            notedPulls.append(["accessLog": JSON(log), "pulls": JSON(count)])
            output.terminal.say("\(log): \(Format.count(count, "pull")) noted")
        }
        guard maximumSize != nil || minimumFree != nil else {
            return output.terminal.emit([
                "repository": JSON(repository.path), "notedPulls": .array(notedPulls),
            ])
        }
        var limits = Expiry.Limits()
        (limits.maximumSize, limits.minimumFree) = (maximumSize?.value, minimumFree?.value)
        limits.kept = kept
        let expiry = Expiry(repository, limits: limits)
        let report = try isDryRun ? expiry.plan() : expiry.run()
        output.terminal.warn(of: report.leftOut)
        for entry in report.expired {
            output.terminal.say(
                "\(entry.ref): last used \(Format.date(UInt64(clamping: entry.lastUse))), at \(entry.commit)")
        }
        let verb = isDryRun ? "would go" : "gone"
        output.terminal.say(
            "\(repository.path): \(Format.count(report.expired.count, "ref")) \(verb), "
                + "\(Format.bytes(report.freedBytes)) of \(Format.bytes(report.bytesBefore)) freed")
        output.terminal.emit([
            "repository": JSON(repository.path), "dryRun": JSON(isDryRun),
            "expired": .array(
                report.expired.map {
                    ["ref": JSON($0.ref), "commit": JSON($0.commit), "lastUse": JSON($0.lastUse)]
                }), "freedBytes": JSON(report.freedBytes), "bytesBefore": JSON(report.bytesBefore),
            "excessBytes": JSON(report.excessBytes), "notedPulls": .array(notedPulls),
        ])
        if !isDryRun && !report.expired.isEmpty { updateSummary(of: repository) }
        if report.excessBytes > 0 {
            output.terminal.fail(
                "\(repository.path) takes \(Format.bytes(report.excessBytes)) more than it may, and nothing else may go: "
                    + "keep fewer refs, or allow it more")
            throw ExitStatus.incomplete.code
        }
    }

    /// A summary that there is must not show what is gone. What goes wrong is the next session's to repeat.
    private func updateSummary(of repository: Repository) {
        do {
            guard try repository.summarySize() != nil else { return }
            try repository.requestSummaryUpdate()
            let report = try repository.updateRequestedSummary(SummaryOptions())
            for warning in report?.warnings ?? [] { output.terminal.warn(warning) }
        } catch {
            output.terminal.warn("the summary still shows what is gone: \(error)")
        }
    }
}
