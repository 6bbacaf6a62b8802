// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import TextCoding

/// Pulls refs, each from the first cache that has it, and shows the results.
struct FallbackPuller {
    let destination: PullDestination
    let rules: PullRules
    let mirrors: [RemoteAddress]
    var isDryRun: Bool
    let refusesOlder: Bool
    let depth: HistoryDepth
    let deltas: DeltaChoice
    var addresses: PullAddressResolver
    var terminal: Terminal
    /// Patterns of refs that are not pulled.
    var excluded: [String] = []
    private(set) var results: [JSON] = []
    /// Indicates that a ref here moved, came or went.
    private(set) var hasChanged = false
    /// The refs that were removed, since their remote has them no more.
    var pruned: [JSON] = [] { didSet { hasChanged = true } }

    /// The same pull as a silent dry run, which fails if a ref may not move.
    var plan: FallbackPuller {
        var plan = self
        plan.isDryRun = true
        plan.terminal = Terminal(form: .quiet)
        return plan
    }

    mutating func pull(_ words: [String], from caches: [RemoteAddress]) throws {
        var missing = words
        var failures: [any Error] = []
        var last: (any PullSource)?
        for cache in caches where !missing.isEmpty {
            do {
                let (remote, address) = try source(at: cache, naming: missing)
                last = remote
                let found = try find(missing, at: remote)
                guard !found.isEmpty else { continue }
                let puller = Puller(
                    from: remote, into: try destination.repository(for: remote),
                    policies: rules.policies(destination.repository))
                try pull(
                    found.flatMap(\.refs), commits: found.compactMap { Checksum(hex: $0.word) }, with: puller,
                    from: address)
                missing.removeAll { word in found.contains { $0.word == word } }
            } catch let error as ClientError where error.code == .older {
                // With the next cache, only some of the refs would move.
                throw error
            } catch  where caches.count > 1 && addresses.options.cancellation?.isRequested != true {
                // The next cache may have the refs.
                terminal.warn("\(error)")
                failures.append(error)
            }
        }
        guard let first = missing.first else { return }
        let asked = caches.map { "\($0)" }.joined(separator: ", ")
        guard failures.isEmpty else {
            throw ClientError(
                .unknownRef,
                "\(FallbackPuller.kind(first)) \(first) could not be pulled from \(asked): see the warnings above"
            )
        }
        if Checksum(hex: first) != nil {
            throw ClientError(
                .unknownRef,
                "there is no commit \(first) at \(asked): pull another one, since it may have been removed there"
            )
        }
        let remedy =
            last.flatMap { FallbackPuller.nearest(to: first, at: $0) }.map { "did you mean '\($0)'?" }
            ?? "list what there is with 'bst-artifact list'"
        throw ClientError(.unknownRef, "there is no ref \(first) at \(asked): \(remedy)")
    }

    /// Connects to a cache: through ssh where its receiver gives objects, or else where it is pulled from.
    ///
    /// - Parameter words: the refs and patterns that are to be pulled.
    /// - Returns: the source, and the address by which it is read.
    mutating func source(
        at cache: RemoteAddress, naming words: [String]
    ) throws -> (source: any PullSource, address: RemoteAddress) {
        // Mirrors, another place for content, static deltas and signed summaries are those of web servers.
        let needsWeb =
            !mirrors.isEmpty || deltas == .always || rules.settings?.contentURL != nil
            || !rules.summaryVerifiers.isEmpty
        if !needsWeb || addresses.via == .ssh {
            let refs = words.compactMap { RefName(RefPatterns.pinned($0).name) }
            let ours = try CommitsHere(destination.repository(ofListed: nil), for: refs)
            if let source = try addresses.receiver(of: cache, naming: refs, ours: ours) {
                return (source, cache)
            }
        }
        let address = try addresses.pullAddress(of: cache)
        let remote = try RemoteRepository(
            address, mirrors: mirrors.map { try addresses.pullAddress(of: $0) }, options: addresses.options,
            content: rules.settings?.contentURL.map { try RemoteAddress(parsing: $0) },
            summaryVerifiers: rules.summaryVerifiers)
        return (remote, address)
    }

    private static func kind(_ word: String) -> String { Checksum(hex: word) == nil ? "ref" : "commit" }

    /// Returns the refs that a remote has for each word, none for a commit that it has, without the words that match none.
    private func find(
        _ words: [String], at remote: any PullSource
    ) throws -> [(word: String, refs: [RefName])] {
        var patterns = words.filter(RefPatterns.isPattern).map { (word: $0, refs: [RefName]()) }
        if !patterns.isEmpty {
            try remote.forEachRef(
                matching: patterns.map(\.word), ofCollection: nil, hasDetails: false
            ) { entry in
                guard !excluded.contains(where: { RefPatterns.matches(entry.ref, $0) }) else { return }
                for index in patterns.indices where RefPatterns.matches(entry.ref, patterns[index].word) {
                    patterns[index].refs.append(entry.ref)
                }
            }
        }
        let exact = try words.filter { !RefPatterns.isPattern($0) && Checksum(hex: $0) == nil }.map { word in
            let (name, commit) = RefPatterns.pinned(word)
            let ref = try RefName(parsing: name)
            if let commit { remote.resolve(ref, to: commit) }
            return (word: word, ref: ref)
        }
        let present = exact.isEmpty ? [:] : try remote.resolve(exact.map(\.ref))
        let commits = words.compactMap { Checksum(hex: $0) }
        let existing = commits.isEmpty ? [:] : try remote.existing(commits)
        return patterns.filter { !$0.refs.isEmpty }
            + exact.filter { present[$0.ref] != nil }.map { ($0.word, [$0.ref]) }
            + commits.filter { existing[$0] != nil }.map { ($0.hex, []) }
    }

    /// Returns the ref most similar to a misspelt one, from the remote's summary; of a large one, from its first part.
    private static func nearest(to word: String, at remote: any PullSource) -> String? {
        struct Enough: Error {}
        var likely: [String] = []
        var count = 0
        try? remote.forEachRef(matching: [], ofCollection: nil, hasDetails: false) { entry in
            count += 1
            if count > 100_000 { throw Enough() }
            if Suggestions.nearest(to: word, among: [entry.ref.text]) != nil { likely.append(entry.ref.text) }
            if likely.count > 1000 { throw Enough() }
        }
        return Suggestions.nearest(to: word, among: likely)
    }

    mutating func pull(
        _ refs: [RefName], commits: [Checksum] = [], with puller: Puller, from source: RemoteAddress
    ) throws {
        let start = ContinuousClock.now
        let progress = terminal.progress("pulling from \(source)")
        puller.refusesOlder = refusesOlder
        puller.deltas = deltas
        puller.depth = depth
        puller.showWarning = { [terminal] warning in
            progress.clear()
            terminal.warn(warning)
        }
        if progress.isShown { puller.showProgress = { progress.show($0) } }
        defer { progress.clear() }
        var seen: Set<RefName> = []
        let wanted = refs.filter { seen.insert($0).inserted }
        var seenCommits: Set<Checksum> = []
        let plain = commits.filter { seenCommits.insert($0).inserted }
        let report =
            try isDryRun
            ? puller.plan(wanted, commits: plain) : puller.pull(wanted, commits: plain)
        progress.clear()
        hasChanged = hasChanged || report.entries.contains(where: \.isChanged)
        // A dry run has no commits to check.
        for entry in report.entries where !isDryRun {
            let objection = try destination.repository.bindingObjection(
                entry.commit, to: entry.ref.text, rules.bindings)
            if let objection { terminal.warn("commit \(entry.commit) of ref \(entry.ref): \(objection)") }
        }
        let output = PullOutput(
            remote: source, report: report, unreferenced: try unreferenced(plain),
            duration: start.duration(to: .now), isDryRun: isDryRun)
        output.show(on: terminal)
        results.append(output.json)
    }

    /// Returns those of the commits that no ref points to.
    private func unreferenced(_ commits: [Checksum]) throws -> Set<Checksum> {
        guard !commits.isEmpty else { return [] }
        let repository = destination.repository
        let tips = try repository.refs().map(\.commit) + repository.foreignRefs().map(\.commit)
        return Set(commits).subtracting(tips)
    }
}
