// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import SystemCalls

struct PullCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Fetches artifacts from the first cache that has them.",
        discussion: "A ref that is named in full needs no summary at the remote; shell-style patterns do.")

    @Argument(help: "The refs.")
    var refs: [String]

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var remote: RemoteOptions
    @Option(
        help: ArgumentHelp(
            "Another place that has the same as the cache; the one that answers first is used. May be repeated.",
            valueName: "url"))
    var mirror: [String] = []

    @OptionGroup var receiver: ReceiverOptions
    @OptionGroup var web: WebArguments
    @OptionGroup var signatures: SignatureOptions
    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let configuration = try configurationOptions.load()
        let repository = try repository.open(configuration)
        let selection = RemoteSelection(
            named: remote.remote, configuration: configuration, repository: repository)
        let store = try signatures.applied(to: repository)
        var sources = PullSources(
            options: try web.options(), receiver: receiver.options(isVerbose: output.verbose),
            terminal: output.terminal)
        // Refs of one project share their caches; they are pulled together.
        var jobs: [(caches: [RemoteAddress], words: [String])] = []
        for word in refs {
            let caches = try selection.pullCaches(for: RefName(word) ?? RefName(word.prefix { $0 != "/" }))
            if let index = jobs.firstIndex(where: { $0.caches == caches }) {
                jobs[index].words.append(word)
            } else {
                jobs.append((caches, [word]))
            }
        }
        for job in jobs { try pull(job.words, from: job.caches, into: store, &sources) }
    }

    private func pull(
        _ words: [String], from caches: [RemoteAddress], into store: any ArtifactStore,
        _ sources: inout PullSources
    ) throws {
        var missing = words
        var failures: [any Error] = []
        for cache in caches where !missing.isEmpty {
            do {
                let source = try sources.source(for: cache)
                let remote = try RemoteRepository(
                    source, mirrors: mirror.map { try sources.source(for: RemoteAddress(parsing: $0)) },
                    options: sources.options)
                let found = try find(missing, at: remote)
                guard !found.isEmpty else { continue }
                try pull(found.flatMap(\.refs), with: Puller(from: remote, into: store), from: source)
                missing.removeAll { word in found.contains { $0.word == word } }
            } catch  where caches.count > 1 {
                // Another cache may have it.
                output.terminal.warn("\(error)")
                failures.append(error)
            }
        }
        guard let first = missing.first else { return }
        let asked = caches.map { "\($0)" }.joined(separator: ", ")
        throw ClientError(
            .unknownRef,
            failures.isEmpty
                ? "there is no ref \(first) at \(asked): list what there is with ‘bst-artifact list’"
                : "ref \(first) could not be pulled from \(asked): see the warnings above")
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
            (word: $0, ref: try RefPatterns.ref($0))
        }
        let present = exact.isEmpty ? [:] : try remote.resolve(exact.map(\.ref))
        return patterns.filter { !$0.refs.isEmpty }
            + exact.filter { present[$0.ref] != nil }.map { ($0.word, [$0.ref]) }
    }

    private func pull(_ refs: [RefName], with puller: Puller, from source: RemoteAddress) throws {
        let start = Clock.milliseconds
        let progress = output.terminal.progress()
        puller.showProgress = { state in
            progress.show(
                "pulling from \(source): \(Format.count(state.objects, "object")), \(Format.bytes(state.bytes)), "
                    + "\(state.outstanding) to go")
        }
        defer { progress.clear() }
        var seen: Set<RefName> = []
        let report = try puller.pull(refs.filter { seen.insert($0).inserted })
        progress.clear()
        for entry in report.entries {
            switch entry.previous {
            case nil: output.terminal.say("\(entry.ref): new, at \(entry.commit)")
            case entry.commit: output.terminal.say("\(entry.ref): there already, at \(entry.commit)")
            case .some(let old): output.terminal.say("\(entry.ref): from \(old) to \(entry.commit)")
            }
        }
        output.terminal.say(
            "pulled \(Format.count(report.objects, "object")), \(Format.bytes(report.bytes)) in "
                + "\(Format.seconds(Clock.milliseconds - start)) from \(source)")
    }
}
