// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import SystemCalls

struct PullCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Fetches artifacts from the first cache that has them.",
        discussion: """
              bst-artifact pull hello/base/4f2a
              bst-artifact pull --remote https://example.com/artifacts 'hello/*'
              bst-artifact pull --repo my-artifacts --remote https://example.com/artifacts hello/base/4f2a

            A ref that is named in full needs no summary at the remote; shell-style patterns do. What is here already is not \
            fetched, nor is what an interrupted pull has fetched.
            """)

    @Argument(help: "The refs.")
    var refs: [String]

    @Flag(
        name: [.customLong("dry-run"), .customShort("n")],
        help: "Fetch no objects, and say which refs would move.")
    var isDryRun = false

    @Flag(
        name: .customLong("no-older"),
        help: "Pull nothing where a ref would move to a commit that is older than the one here.")
    var refusesOlder = false

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
        let repository = try repository.openForChanges(configuration)
        let selection = RemoteSelection(
            named: remote.remote, configuration: configuration, repository: repository)
        let bindings = CommitBindings.Rule.strict(
            remote.remote.flatMap { repository.collection(ofRemote: $0) })
        let policies = try signatures.policies(for: repository, bindings)
        // Refs of one project share their caches; they are pulled together.
        var jobs: [(caches: [RemoteAddress], words: [String])] = []
        for word in refs {
            // Of a pattern, the part before the first slash may name a project.
            let project = word.utf8.split(separator: UInt8(ascii: "/")).first.map { Substring($0) }
            let caches = try selection.pullCaches(for: RefName(word) ?? project.flatMap { RefName($0) })
            if let index = jobs.firstIndex(where: { $0.caches == caches }) {
                jobs[index].words.append(word)
            } else {
                jobs.append((caches, [word]))
            }
        }
        var options = try web.options(output.terminal)
        let cancellation = try Interruption.cancellation()
        options.cancellation = cancellation
        var receiverOptions = receiver.options(isVerbose: output.verbose)
        receiverOptions.cancellation = cancellation
        var pull = Pull(
            repository: repository, policies: policies, bindings: bindings,
            mirrors: try mirror.map { try RemoteAddress(parsing: $0) },
            isDryRun: isDryRun,
            refusesOlder: refusesOlder,
            sources: PullSources(options: options, receiver: receiverOptions, terminal: output.terminal),
            terminal: output.terminal)
        // One pull moves all refs or none; of several, none begins before it is known that all may move.
        if refusesOlder && !isDryRun && (jobs.count > 1 || jobs.contains { $0.caches.count > 1 }) {
            var plan = pull.plan
            for job in jobs { try plan.pull(job.words, from: job.caches) }
        }
        for job in jobs { try pull.pull(job.words, from: job.caches) }
        output.terminal.emit(["dryRun": JSON(isDryRun), "pulls": .array(pull.results)])
    }
}
