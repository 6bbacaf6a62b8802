// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

struct MirrorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror", abstract: "Keeps mirrors of other caches up to date, as a file says.",
        discussion: """
              bst-artifact mirror /etc/bst-artifact/mirror.yaml

            The file lists repositories, and for each the remotes and refs that it mirrors:

              repositories:
              - path: /srv/os
                remotes:
                - url: https://os.example.com/repo
                  refs: [os/*]
                  prune-refs: yes

            Settings of a remote are 'url', or the 'name' of a remote of the repository; 'refs', a list of names and patterns, all \
            if there is none; and options of 'pull'. A repository that does not exist is made. A remote that fails does not keep \
            the others from being mirrored. Where nothing has changed, only a summary is fetched.
            """)

    @Argument(help: "The file.")
    var file: String

    @Flag(help: "Ask for each ref, also for signatures that were added to commits that are here.")
    var complete = false

    @Flag(name: [.long, .customShort("n")], help: "Fetch no objects; print which refs would move.")
    var dryRun = false

    @Option(
        help: ArgumentHelp("Write the results as JSON into this file, for monitoring.", valueName: "file"))
    var report: String?

    @OptionGroup var output: OutputOptions

    func run() throws {
        let configuration = try MirrorConfiguration(file: file)
        let cancellation = try Interruption.cancellation()
        var failures: [any Error] = []
        var hasSuccess = false
        var results: [JSON] = []
        for repository in configuration.repositories {
            var run = MirrorRun(repository, command: self, cancellation)
            run.run()
            results.append(run.json)
            failures += run.failures
            hasSuccess = hasSuccess || run.hasSuccess
            if cancellation.isRequested { break }
        }
        let summary: JSON = [
            "time": JSON(time(nil)), "dryRun": JSON(dryRun), "complete": JSON(failures.isEmpty),
            "repositories": .array(results),
        ]
        if let report { try MirrorCommand.write("\(summary.text)\n", to: report) }
        output.terminal.emit(summary)
        guard let first = failures.first else { return }
        if Interruption.signal != nil { throw first }
        throw (hasSuccess ? ExitStatus.incomplete : ExitStatus(first)).code
    }

    /// Writes a file that readers see whole, as before or as it is now.
    private static func write(_ text: String, to path: String) throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let parent = parts.dropLast().joined(separator: "/")
        let directory = try Directory(parts.count == 1 ? "." : parent.isEmpty ? "/" : parent)
        let name = String(parts.last ?? "")
        let temporary = ".\(name).new"
        try directory.remove(temporary)
        let file = try directory.createFile(temporary, mode: 0o644)
        try file.writeAll(Array(text.utf8))
        try file.sync()
        try directory.rename(temporary, to: directory, name)
    }
}

/// A run over the remotes that one repository mirrors.
private struct MirrorRun {
    private let configuration: MirrorConfiguration.Repository
    private let command: MirrorCommand
    private let cancellation: Cancellation
    private var remotes: [JSON] = []
    private var isSummaryUpdated = false
    private(set) var failures: [any Error] = []
    private(set) var hasSuccess = false

    init(
        _ configuration: MirrorConfiguration.Repository, command: MirrorCommand, _ cancellation: Cancellation
    ) {
        (self.configuration, self.command, self.cancellation) = (configuration, command, cancellation)
    }

    private var terminal: Terminal { command.output.terminal }

    mutating func run() {
        do {
            let repository = try openRepository()
            var hasChanged = false
            for remote in configuration.remotes where !cancellation.isRequested {
                hasChanged = mirror(remote, into: repository) || hasChanged
            }
            let signing = try SummarySigningOptions.parse(configuration.signing)
            guard !command.dryRun,
                try repository.mode == .archive && (hasChanged || repository.lacksSummary())
            else { return }
            try repository.requestSummaryUpdate()
            let report = try repository.updateRequestedSummary(signing.summaryOptions)
            for warning in report?.warnings ?? [] { terminal.warn(warning) }
            isSummaryUpdated = true
        } catch {
            fail(error)
        }
    }

    private func openRepository() throws -> Repository {
        let path = configuration.path
        let repository =
            try Directory.exists("\(path)/config")
            ? Repository(path) : Repository.create(path, mode: .archive)
        repository.permissions.adopt()
        return repository
    }

    /// Mirrors a remote.
    ///
    /// - Returns: true if refs have changed.
    private mutating func mirror(_ remote: MirrorConfiguration.Remote, into repository: Repository) -> Bool {
        do {
            let puller = try PullCommand.parse(arguments(of: remote)).pull(
                into: repository, cancellation, skippingUnchanged: !command.complete)
            hasSuccess = true
            remotes.append([
                "remote": JSON(remote.name), "outcome": JSON(puller.hasChanged ? "updated" : "unchanged"),
                "pulls": .array(puller.results), "pruned": .array(puller.pruned),
            ])
            return puller.hasChanged
        } catch {
            fail(error)
            remotes.append([
                "remote": JSON(remote.name), "outcome": JSON("failed"), "error": Failure.json(error),
            ])
            // Some of its refs may have come before.
            return true
        }
    }

    private func arguments(of remote: MirrorConfiguration.Remote) -> [String] {
        let flags = [
            (command.dryRun, "--dry-run"), (command.output.verbose, "--verbose"),
            (command.output.quiet, "--quiet"), (command.output.json, "--json"),
        ]
        return ["--repo=\(configuration.path)"] + flags.filter(\.0).map(\.1) + remote.arguments
    }

    private mutating func fail(_ error: any Error) {
        failures.append(error)
        // The program's end reports what was interrupted.
        if !cancellation.isRequested { terminal.fail("\(error)") }
    }

    var json: JSON {
        [
            "repository": JSON(configuration.path), "remotes": .array(remotes),
            "isSummaryUpdated": JSON(isSummaryUpdated), "complete": JSON(failures.isEmpty),
        ]
    }
}
