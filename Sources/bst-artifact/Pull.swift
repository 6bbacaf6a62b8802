// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import SystemCalls
import TextCoding

/// Pulls refs, each from the first cache that has it.
struct Pull {
    let repository: Repository
    let policies: [any ReceivePolicy]
    let bindings: CommitBindings.Rule
    let mirrors: [RemoteAddress]
    let isDryRun: Bool
    let refusesOlder: Bool
    var sources: PullSources
    let terminal: Terminal
    /// What was pulled from each cache.
    private(set) var results: [JSON] = []

    init(
        repository: Repository, policies: [any ReceivePolicy], bindings: CommitBindings.Rule,
        mirrors: [RemoteAddress], isDryRun: Bool, refusesOlder: Bool,
        sources: PullSources, terminal: Terminal
    ) {
        self.bindings = bindings
        (self.repository, self.policies) = (repository, policies)
        (self.mirrors, self.isDryRun) = (mirrors, isDryRun)
        self.refusesOlder = refusesOlder
        (self.sources, self.terminal) = (sources, terminal)
    }

    /// The same as a dry run of which nothing is told but why a ref is refused.
    var plan: Pull {
        Pull(
            repository: repository, policies: policies, bindings: bindings, mirrors: mirrors, isDryRun: true,
            refusesOlder: refusesOlder,
            sources: sources,
            terminal: Terminal(form: .quiet))
    }

    mutating func pull(_ words: [String], from caches: [RemoteAddress]) throws {
        var missing = words
        var failures: [any Error] = []
        var last: RemoteRepository?
        for cache in caches where !missing.isEmpty {
            do {
                let source = try sources.source(for: cache)
                let remote = try RemoteRepository(
                    source, mirrors: mirrors.map { try sources.source(for: $0) }, options: sources.options)
                last = remote
                let found = try find(missing, at: remote)
                guard !found.isEmpty else { continue }
                let puller = Puller(from: remote, into: repository, policies: policies)
                try pull(found.flatMap(\.refs), with: puller, from: source)
                missing.removeAll { word in found.contains { $0.word == word } }
            } catch let error as ClientError where error.code == .older {
                // The next cache would be asked for some of the refs, and the others would have moved.
                throw error
            } catch  where caches.count > 1 && sources.options.cancellation?.isRequested != true {
                // Another cache may have it.
                terminal.warn("\(error)")
                failures.append(error)
            }
        }
        guard let first = missing.first else { return }
        let asked = caches.map { "\($0)" }.joined(separator: ", ")
        guard failures.isEmpty else {
            throw ClientError(
                .unknownRef, "ref \(first) could not be pulled from \(asked): see the warnings above")
        }
        let remedy =
            last.flatMap { Pull.nearest(to: first, at: $0) }.map { "did you mean '\($0)'?" }
            ?? "list what there is with 'bst-artifact list'"
        throw ClientError(.unknownRef, "there is no ref \(first) at \(asked): \(remedy)")
    }

    /// Which of the words a remote has.
    private func find(
        _ words: [String], at remote: RemoteRepository
    ) throws -> [(word: String, refs: [RefName])] {
        var patterns = words.filter(RefPatterns.isPattern).map { (word: $0, refs: [RefName]()) }
        if !patterns.isEmpty {
            try remote.summary().forEach { entry in
                for index in patterns.indices where RefPatterns.matches(entry.ref, patterns[index].word) {
                    patterns[index].refs.append(entry.ref)
                }
            }
        }
        let exact = try words.filter { !RefPatterns.isPattern($0) }.map {
            (word: $0, ref: try RefName(parsing: $0))
        }
        let present = exact.isEmpty ? [:] : try remote.resolve(exact.map(\.ref))
        return patterns.filter { !$0.refs.isEmpty }
            + exact.filter { present[$0.ref] != nil }.map { ($0.word, [$0.ref]) }
    }

    /// The ref of a remote that somebody may have meant, if it has a summary; of a large one, the first part is looked at.
    private static func nearest(to word: String, at remote: RemoteRepository) -> String? {
        struct Enough: Error {}
        var likely: [String] = []
        var count = 0
        try? remote.summary().forEach { entry in
            count += 1
            if count > 100_000 { throw Enough() }
            if Suggestions.nearest(to: word, among: [entry.ref.text]) != nil { likely.append(entry.ref.text) }
            if likely.count > 1000 { throw Enough() }
        }
        return Suggestions.nearest(to: word, among: likely)
    }

    private mutating func pull(_ refs: [RefName], with puller: Puller, from source: RemoteAddress) throws {
        let start = Clock.milliseconds
        let progress = terminal.progress("pulling from \(source)")
        puller.refusesOlder = refusesOlder
        if progress.isShown { puller.showProgress = { progress.show($0) } }
        defer { progress.clear() }
        var seen: Set<RefName> = []
        let wanted = refs.filter { seen.insert($0).inserted }
        let report = try isDryRun ? puller.plan(wanted) : puller.pull(wanted)
        progress.clear()
        // A dry run has not fetched what would tell.
        for entry in report.entries where !isDryRun {
            let objection = try repository.bindingObjection(entry.commit, to: entry.ref.text, bindings)
            if let objection { terminal.warn("commit \(entry.commit) of ref \(entry.ref): \(objection)") }
        }
        let milliseconds = Clock.milliseconds - start
        let would = isDryRun ? "would be " : ""
        for entry in report.entries {
            switch entry.previous {
            case nil: terminal.say("\(entry.ref): \(would)new, at \(entry.commit)")
            case entry.commit: terminal.say("\(entry.ref): there already, at \(entry.commit)")
            case .some(let old):
                terminal.say("\(entry.ref): \(isDryRun ? "would move " : "")from \(old) to \(entry.commit)")
            }
            if let warning = Pull.warning(entry, source, isDryRun: isDryRun) { terminal.warn(warning) }
        }
        if !isDryRun {
            terminal.say(
                "pulled \(Format.count(report.objects, "object")), \(Format.bytes(report.bytes)) in "
                    + "\(Format.seconds(milliseconds)) from \(source)")
        }
        results.append(Pull.json(report, source, milliseconds))
    }

    /// The sentence for a ref that moves back.
    private static func warning(
        _ entry: PullReport.Entry, _ source: RemoteAddress, isDryRun: Bool
    ) -> String? {
        guard entry.isOlder, let times = entry.times, let previous = entry.previous else { return nil }
        return
            "\(entry.ref) \(isDryRun ? "would move" : "moved") to an older commit: \(source) has \(entry.commit) of "
            + "\(CalendarTime.text(times.now)), and \(previous) of \(CalendarTime.text(times.before)) "
            + "\(isDryRun ? "is" : "was") here: a mirror or web cache may be behind, and --no-older refuses such moves"
    }

    private static func json(_ report: PullReport, _ source: RemoteAddress, _ milliseconds: UInt64) -> JSON {
        let refs = report.entries.map { entry -> JSON in
            let outcome = !entry.isChanged ? "unchanged" : entry.previous == nil ? "new" : "moved"
            return [
                "ref": JSON(entry.ref), "commit": JSON(entry.commit), "outcome": JSON(outcome),
                "previousCommit": JSON(entry.previous), "timestamp": JSON(entry.times?.now),
                "previousTimestamp": JSON(entry.times?.before), "isOlder": JSON(entry.isOlder),
            ]
        }
        return [
            "remote": JSON(source), "refs": .array(refs), "objects": JSON(report.objects),
            "bytes": JSON(report.bytes), "milliseconds": JSON(milliseconds),
        ]
    }
}
