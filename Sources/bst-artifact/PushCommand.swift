// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import SystemCalls
import TextCoding

struct PushCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Pushes artifacts to the caches that accept pushes.",
        discussion: """
            Refs may be shell-style patterns, in which '*' also matches slashes:

              bst-artifact push hello/base/4f2a hello/base/97c1
              bst-artifact push 'hello/*'
              bst-artifact push --all --dry-run
              bst-artifact push --remote artifacts@example.com:artifacts hello/base/4f2a
              bst-artifact push --remote os@example.com:repo os/testing --as os/stable
              bst-artifact push --remote s3://artifacts/team-a hello/base/4f2a

            With --as, the ref may also be one of a remote or mirror, as 'ostree refs' shows it, or a commit.

            Only objects that a cache lacks are sent. Those of an interrupted push are not sent again.
            """)

    @Argument(help: "The refs or patterns.")
    var refs: [String] = []

    @Flag(help: "Push all refs of the repository.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "Leave out refs that match; '*' also matches slashes. May be repeated.", valueName: "pattern"))
    var exclude: [String] = []

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("Push one ref, or commit, under this name.", valueName: "name"))
    var newName: String?

    @Flag(name: [.long, .customShort("n")], help: "Send nothing; print what would be pushed.")
    var dryRun = false

    @Flag(
        help:
            "Ask a cache to replace commits that are not ancestors of ours, unless they change meanwhile. The cache decides."
    )
    var force = false

    @Flag(
        inversion: .prefixedNo,
        help:
            "Also send all ancestors that a cache lacks behind commits that it has; or none. (default: those that it misses)"
    )
    var fillHistory: Bool?

    @Option(
        help: ArgumentHelp(
            "The compression of files that are stored uncompressed: fast, balanced, small, or a level from 0 to 12.",
            valueName: "level"),
        transform: { text in
            guard let compression = Compression(name: text) else {
                throw ValidationError("Compression is fast, balanced, small, or a level from 0 to 12.")
            }
            return compression
        })
    var compression = Compression.balanced

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var receiver: ReceiverOptions
    @OptionGroup var web: WebArguments
    @OptionGroup var local: LocalOptions

    func validate() throws {
        guard all != !refs.isEmpty else {
            throw ValidationError("Name the refs to push, or --all.")
        }
        guard newName == nil || refs.count == 1 else {
            throw ValidationError("--as gives one ref another name: name one ref, or one commit.")
        }
        guard newName == nil || exclude.isEmpty else {
            throw ValidationError(
                "--exclude leaves out some of several refs, and --as pushes one: give one of them.")
        }
    }

    func run() throws {
        let configuration = try local.configuration.load()
        let repository = try local.open()
        let chosen = try chosenRefs(of: repository)
        let selection = RemoteSelection(
            named: remote.remote, configuration: configuration, repository: repository)
        var jobs: [(remote: RemoteAddress, refs: [(ref: RefName, commit: Checksum)])] = []
        for entry in chosen {
            for address in try selection.pushCaches(for: entry.ref) {
                if let index = jobs.firstIndex(where: { $0.remote == address }) {
                    jobs[index].refs.append(entry)
                } else {
                    jobs.append((address, []))
                    // Most caches take all refs.
                    jobs[jobs.endIndex - 1].refs.reserveCapacity(chosen.count)
                    jobs[jobs.endIndex - 1].refs.append(entry)
                }
            }
        }
        let cancellation = try Interruption.cancellation()
        var results: [JSON] = []
        var isComplete = true
        for job in jobs {
            do {
                let report = try push(job.refs, to: job.remote, from: repository, cancellation)
                results.append(report.json)
                isComplete = isComplete && report.isComplete
            } catch  where jobs.count > 1 && !cancellation.isRequested {
                // The other caches are still pushed to.
                local.terminal.fail("\(error)")
                results.append(["remote": JSON(job.remote), "error": Failure.json(error)])
                isComplete = false
            }
        }
        local.terminal.emit([
            "dryRun": JSON(dryRun), "complete": JSON(isComplete), "remotes": .array(results),
        ])
        if !isComplete { throw ExitStatus.incomplete.code }
    }

    /// The refs to push and their names at the remote.
    private func chosenRefs(of repository: Repository) throws -> [(ref: RefName, commit: Checksum)] {
        if let newName {
            return [(try RefName(parsing: newName), try RefPatterns.anyCommit(refs[0], in: repository))]
        }
        let listing = all ? try repository.refListing() : nil
        local.terminal.warn(about: listing?.leftOut ?? [])
        let found = try listing.map { Array($0.refs) } ?? RefPatterns.resolve(refs, in: repository)
        if found.isEmpty {
            try refuseForeignRefs(of: repository)
            local.terminal.say("nothing to push: \(repository.path) has no refs")
        }
        var chosen = withoutMetadata(found)
        if !exclude.isEmpty {
            chosen.removeAll { entry in exclude.contains { RefPatterns.matches(entry.ref, $0) } }
        }
        if chosen.isEmpty, !found.isEmpty, !exclude.isEmpty {
            local.terminal.say("nothing to push: --exclude leaves out \(Format.count(found.count, "ref"))")
        }
        return chosen
    }

    /// Leaves out the ref with the repository's own metadata, unless it was named: a cache makes its own.
    private func withoutMetadata(_ found: [(ref: RefName, commit: Checksum)]) -> [(
        ref: RefName, commit: Checksum
    )] {
        guard let own = Repository.metadataRef, found.contains(where: { $0.ref == own }),
            !refs.contains(own.text)
        else { return found }
        local.terminal.say("\(own): left out, since each repository with a collection ID makes its own")
        return found.filter { $0.ref != own }
    }

    /// Throws if the repository has only refs of remotes and mirrors, which are not pushed.
    private func refuseForeignRefs(of repository: Repository) throws {
        let foreign = try repository.foreignRefs()
        guard let first = foreign.first else { return }
        throw ClientError(
            .unknownRef,
            "nothing to push: \(repository.path) has no refs of its own, only \(Format.count(foreign.count, "ref")) of remotes "
                + "or mirrors, such as \(first.description): make one its own with 'ostree refs --repo=\(repository.path) "
                + "--create=\(first.ref) \(first.source)', and push \(first.ref)")
    }

    private func push(
        _ refs: [(ref: RefName, commit: Checksum)], to address: RemoteAddress, from repository: Repository,
        _ cancellation: Cancellation
    ) throws -> PushOutput {
        let start = ContinuousClock.now
        let progress = local.terminal.progress("pushing to \(address)")
        var options = receiver.options(isVerbose: local.output.verbose)
        options.compression = compression
        options.cancellation = cancellation
        if progress.isShown {
            options.showProgress = { progress.show($0) }
            options.showActivity = { activity in
                progress.show("over there: \(activity.forDisplay(limit: 60))")
            }
        }
        options.showMessage = { bytes in
            progress.clear()
            try? Descriptor.standardError.writeAll(bytes)
        }
        defer { progress.clear() }
        options.isDryRun = dryRun
        options.isForced = force
        options.historyFilling = fillHistory.map { $0 ? .all : .never } ?? .missed
        options.web = try web.options(local.terminal)
        let pusher = Pusher(repository: repository, options: options)
        let store = try BucketStore.directly(address, receiver, cancellation)
        let report = try store.map { try pusher.push(refs, into: $0) } ?? pusher.push(refs, to: address)
        progress.clear()
        let result = PushOutput(
            remote: address, report: report, duration: start.duration(to: .now), isDryRun: dryRun,
            historyFilling: options.historyFilling)
        result.show(on: local.terminal)
        if let store, !dryRun { store.updateSummary(local.terminal) }
        return result
    }
}
