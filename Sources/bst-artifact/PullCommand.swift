// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import CommandLineSupport

struct PullCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Pulls artifacts from the first cache that has them.",
        discussion: """
              bst-artifact pull hello/base/4f2a
              bst-artifact pull --remote https://example.com/artifacts 'hello/*'
              bst-artifact pull --repo my-artifacts --remote https://example.com/artifacts hello/base/4f2a
              bst-artifact pull --depth 10 os/1
              bst-artifact pull --repo mirror --remote https://example.com/os --all --into mirror --prune-refs

            REF@COMMIT moves the ref to that commit, whatever the remote's ref points to, for example to go back. A commit \
            by itself is pulled without a ref. Shell-style patterns need a summary at the remote, full names do not. \
            Objects that are present, or that an interrupted pull has fetched, are not fetched again.
            """)

    @Argument(help: "The refs, patterns or commits.")
    var refs: [String] = []

    @Flag(help: "Pull all refs of the cache, at the commits that its summary has.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "Leave out refs that match; '*' also matches slashes. May be repeated.", valueName: "pattern"))
    var exclude: [String] = []

    @Flag(help: "Remove refs here that came from the cache and that it has no more.")
    var pruneRefs = false

    @Flag(name: [.long, .customShort("n")], help: "Fetch no objects; print which refs would move.")
    var dryRun = false

    @Flag(help: "Pull nothing if a ref would move to a commit older than the local one.")
    var noOlder = false

    @Option(
        help: ArgumentHelp(
            "Also pull so many ancestors of each commit, or all, as far as the cache has them.",
            valueName: "number"),
        transform: { text in
            if text == "all" { return .all }
            guard let number = Int(text), number >= 0 else {
                throw ValidationError("A depth is a number of commits, or all.")
            }
            return HistoryDepth(ancestors: number)
        })
    var depth = HistoryDepth.commitOnly

    @Option(
        help: ArgumentHelp(
            "Use static deltas: auto, where that takes fewer bytes; never; or always.", valueName: "when"))
    var deltas = DeltaChoice.auto

    @Option(
        help: ArgumentHelp(
            "Write refs of the repository (heads), of the remote that --remote names (remote), or of its collection (mirror).",
            valueName: "place"))
    var into = PullPlace.heads

    @Option(
        help: ArgumentHelp(
            "Read an ssh remote through ssh, or https for its web server. (default: ssh, if its receiver can)",
            valueName: "way"))
    var via: PullRoute?

    @OptionGroup var remote: RemoteOptions
    @Option(
        help: ArgumentHelp(
            "A mirror of the cache; the first to respond is used. May be repeated.", valueName: "url"))
    var mirror: [String] = []

    @OptionGroup var receiver: ReceiverOptions
    @OptionGroup var web: WebArguments
    @OptionGroup var signatures: SignatureOptions
    @OptionGroup var local: LocalOptions

    func validate() throws {
        // A remote of the repository may have refs of its own to pull.
        let mayHaveBranches = remote.remote.map(RemoteSelection.isName) ?? false
        guard all ? refs.isEmpty : !refs.isEmpty || mayHaveBranches else { throw PullCommand.missingRefs }
        var words: [String: String] = [:]
        for word in refs {
            let name = RefPatterns.pinned(word).name
            guard let other = words.updateValue(word, forKey: name), other != word else { continue }
            throw ValidationError("A ref goes to one commit: give \(other) or \(word).")
        }
        guard pruneRefs, let word = refs.first(where: RefPatterns.choosesCommit) else { return }
        throw ValidationError("--prune-refs follows the cache, so a ref has no other commit: \(word).")
    }

    private static let missingRefs = ValidationError("Name the refs to pull, or --all.")

    func run() throws {
        let repository = try local.openForChanges()
        let puller = try pull(into: repository, Interruption.cancellation())
        local.terminal.emit([
            "dryRun": JSON(dryRun), "pulls": .array(puller.results), "pruned": .array(puller.pruned),
        ])
        guard all || pruneRefs, !dryRun else { return }
        guard try updateSummary(of: repository, hasChanged: puller.hasChanged) else {
            throw ExitStatus.incomplete.code
        }
    }

    /// Pulls as the options say.
    ///
    /// - Parameter skippingUnchanged: True to ask for nothing of refs that are where the summary has them, with `--all`
    ///   and `--prune-refs`.
    /// - Returns: the puller, which has the results.
    func pull(
        into repository: Repository, _ cancellation: Cancellation, skippingUnchanged: Bool = false
    ) throws -> FallbackPuller {
        let configuration = try local.configuration.load()
        let destination = try PullDestination(repository, into, remote: remote.remote)
        let rules = try PullRules(repository, remote: remote.remote, signatures, local.terminal)
        let words = all ? ["*"] : refs.isEmpty ? rules.settings?.branches ?? [] : refs
        guard !words.isEmpty else { throw PullCommand.missingRefs }
        let jobs = try jobs(
            words,
            RemoteSelection(named: remote.remote, configuration: configuration, repository: repository))
        var puller = try puller(rules, destination, cancellation)
        guard all || pruneRefs || skippingUnchanged else {
            // A single pull moves all refs or none. Several pulls begin once all of them are known to be allowed.
            if noOlder && !dryRun && (jobs.count > 1 || jobs.contains { $0.caches.count > 1 }) {
                var plan = puller.plan
                for job in jobs { try plan.pull(job.words, from: job.caches) }
            }
            for job in jobs { try puller.pull(job.words, from: job.caches) }
            return puller
        }
        guard jobs.count == 1, let job = jobs.first, job.caches.count == 1 else {
            throw ValidationError("--all and --prune-refs follow one cache: name it with --remote.")
        }
        let selection = MirroredSelection(
            patterns: job.words, excluded: exclude, prunes: pruneRefs, skipsUnchanged: skippingUnchanged)
        try puller.mirror(selection, of: job.caches[0])
        return puller
    }

    /// Returns the words with their caches; those with the same ones are pulled together.
    private func jobs(
        _ words: [String], _ selection: RemoteSelection
    ) throws -> [(caches: [RemoteAddress], words: [String])] {
        var jobs: [(caches: [RemoteAddress], words: [String])] = []
        for word in words {
            // The first part of a pattern may name a project, too.
            let project = word.utf8.split(separator: UInt8(ascii: "/")).first.map { Substring($0) }
            let caches = try selection.pullCaches(
                for: RefName(RefPatterns.pinned(word).name) ?? project.flatMap { RefName($0) })
            if let index = jobs.firstIndex(where: { $0.caches == caches }) {
                jobs[index].words.append(word)
            } else {
                jobs.append((caches, [word]))
            }
        }
        return jobs
    }

    private func puller(
        _ rules: PullRules, _ destination: PullDestination, _ cancellation: Cancellation
    ) throws -> FallbackPuller {
        var options = try web.options(local.terminal)
        if let settings = rules.settings { try options.use(settings) }
        options.cancellation = cancellation
        var receiverOptions = receiver.options(isVerbose: local.output.verbose)
        receiverOptions.cancellation = cancellation
        return FallbackPuller(
            destination: destination, rules: rules,
            mirrors: try mirror.map { try RemoteAddress(parsing: $0) },
            isDryRun: dryRun, refusesOlder: noOlder, depth: depth, deltas: deltas,
            addresses: PullAddressResolver(
                options: options, receiver: receiverOptions, terminal: local.terminal, via: via),
            terminal: local.terminal, excluded: exclude)
    }

    /// Updates the summary of a repository that others pull from.
    ///
    /// - Returns: false after a warning that it still shows what was there before.
    private func updateSummary(of repository: Repository, hasChanged: Bool) throws -> Bool {
        guard try repository.mode == .archive && (hasChanged || repository.lacksSummary()) else {
            return true
        }
        do {
            try repository.requestSummaryUpdate()
            for warning in try repository.updateRequestedSummary(SummaryOptions())?.warnings ?? [] {
                local.terminal.warn(warning)
            }
            return true
        } catch let error as RepositoryError {
            local.terminal.warn(
                "the summary of \(repository.path) still shows what was there before: \(error)")
            return false
        }
    }
}

extension DeltaChoice: ExpressibleByArgument {}
