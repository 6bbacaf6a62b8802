// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import SystemCalls

struct PushCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Brings artifacts to the caches that take pushes.",
        discussion: """
            Refs may be shell-style patterns, in which ‘*’ also stands for slashes:

              bst-artifact push 'hello/*'
            """)

    @Argument(help: "The refs.")
    var refs: [String] = []

    @Flag(help: "Push all refs of the repository.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "How hard to compress what is not compressed yet: fast, balanced, small, or a level from 0 to 12.",
            valueName: "how"),
        transform: { text in
            guard let compression = Compression(name: text) else {
                throw ValidationError("Compression is fast, balanced, small, or a level from 0 to 12.")
            }
            return compression
        })
    var compression = Compression.balanced

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var receiver: ReceiverOptions
    @OptionGroup var configurationOptions: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard all != !refs.isEmpty else {
            throw ValidationError("Name the refs to push, or --all.")
        }
    }

    func run() throws {
        let configuration = try configurationOptions.load()
        let repository = try repository.open(configuration)
        let chosen = all ? try repository.refs() : try RefPatterns.resolve(refs, in: repository)
        let selection = RemoteSelection(
            named: remote.remote, configuration: configuration, repository: repository)
        if chosen.isEmpty { output.terminal.say("nothing to push: \(repository.path) has no refs") }
        var jobs: [(remote: RemoteAddress, refs: [(ref: RefName, commit: Checksum)])] = []
        for entry in chosen {
            for address in try selection.pushCaches(for: entry.ref) {
                if let index = jobs.firstIndex(where: { $0.remote == address }) {
                    jobs[index].refs.append(entry)
                } else {
                    jobs.append((address, [entry]))
                }
            }
        }
        var failures = 0
        for job in jobs {
            do {
                if try !push(job.refs, to: job.remote, from: repository) { failures += 1 }
            } catch  where jobs.count > 1 {
                // The other caches are to get it all the same.
                output.terminal.fail("\(error)")
                failures += 1
            }
        }
        if failures > 0 { throw ExitCode.failure }
    }

    /// - Returns: whether the remote has everything now.
    private func push(
        _ refs: [(ref: RefName, commit: Checksum)], to address: RemoteAddress, from repository: Repository
    ) throws -> Bool {
        let start = Clock.milliseconds
        let progress = output.terminal.progress()
        var options = receiver.options(isVerbose: output.verbose)
        options.compression = compression
        options.showProgress = { objects, bytes in
            progress.show("pushing to \(address): \(Format.count(objects, "object")), \(Format.bytes(bytes))")
        }
        options.showActivity = { activity in
            progress.show("pushing to \(address): over there, \(activity.forDisplay(limit: 60))")
        }
        options.showMessage = { bytes in
            progress.clear()
            try? Descriptor.standardError.writeAll(bytes)
        }
        defer { progress.clear() }
        let report = try Pusher(repository: repository, options: options).push(refs, to: address)
        progress.clear()
        for entry in report.entries {
            switch entry.outcome {
            case .pushed(nil): output.terminal.say("\(entry.ref): new, at \(entry.commit)")
            case .pushed(.some(let old)): output.terminal.say("\(entry.ref): from \(old) to \(entry.commit)")
            case .kept(let theirs):
                output.terminal.say(
                    "\(entry.ref): there already, since somebody else has pushed it meanwhile, at \(theirs), not our \(entry.commit)"
                )
            case .upToDate: output.terminal.say("\(entry.ref): there already, at \(entry.commit)")
            case .diverged(let theirs):
                output.terminal.fail(
                    "cannot push \(entry.ref): \(address) has it at \(theirs), which is not an ancestor of our \(entry.commit), as "
                        + "far as its history is here: pull theirs, or push under another name")
            }
        }
        output.terminal.say(
            "pushed \(Format.count(report.objects, "object")), \(Format.bytes(report.bytes)) in "
                + "\(Format.seconds(Clock.milliseconds - start)) to \(address)")
        return report.isComplete
    }
}
