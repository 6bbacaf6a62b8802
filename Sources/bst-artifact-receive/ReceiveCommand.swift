// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactClient
import ArtifactProtocol
import ArtifactReceiver
import ArtifactRepository
import CommandLineSupport
import Glibc
import Logging
import SystemCalls

/// The program that sshd starts on the server of a cache.
@main
struct ReceiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bst-artifact-receive",
        abstract: "Receives pushed artifacts into an OSTree repository.",
        discussion: """
            Started by sshd, it speaks the artifact protocol on standard input and output, and logs to standard error. To let \
            keys push to a cache and do nothing else, add to sshd_config:

              Match user artifacts
                  ForceCommand bst-artifact-receive --verbose --pull-url https://example.com/artifacts artifacts

            To serve several caches with one key, use --root DIR: the client names a repository below DIR. Its command is read \
            from SSH_ORIGINAL_COMMAND and never run.

            Under the name ostree-receive or ostree-receive-0, it speaks version 0 of the protocol. With a URL, also under the \
            names ostree-receive and ostree-receive-1, it serves a client of ostree-push 1.x: it pulls from the port of this \
            machine that the client's ssh forwards.
            """, version: "bst-artifact-receive \(releaseVersion)")

    @Flag(name: .shortAndLong, help: "Log refs that move, and a summary.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Log every object, too.")
    var debug = false

    @Option(help: "The URL to pull from, told to clients that ask.")
    var pullURL: String?

    @Option(
        help: ArgumentHelp("Let the client name a repository below this directory.", valueName: "directory"))
    var root: String?

    @Option(name: .customLong("repo"), help: "The repository, as version 0 clients name it.")
    var repositoryOption: String?

    @Option(
        name: .customLong("protocol"),
        help: "The protocol version: 0 or 1. (default: 1, or 0 under the name ostree-receive)",
        transform: { try ProtocolVersion(option: $0) })
    var protocolVersion: ProtocolVersion? = nil

    @OptionGroup(title: "What may be pushed")
    var policy: PolicyOptions

    @OptionGroup(title: "The commits that are published")
    var rewriter: RewriterOptions

    @Flag(
        name: .customLong("deltas"),
        help:
            "After a push, make static deltas to the new commits: from the refs' last ones, and from nothing."
    )
    var makesDeltas = false

    @OptionGroup(title: "The summary")
    var summary: SummaryUpdateOptions

    @Option(
        help: ArgumentHelp(
            "The name of the pusher in 'bst-artifact repo log'. (default: the comment of the key)",
            valueName: "name"))
    var pusher: String?

    @Argument(help: "The repository, relative to the home directory under sshd.")
    var path: String?

    @OptionGroup(title: "For clients of ostree-push 1.x")
    var pull: ClientPullOptions

    func validate() throws {
        if path != nil && repositoryOption != nil {
            throw ValidationError(
                "Name the repository once: as --repo \(repositoryOption ?? "") or as \(path ?? "").")
        }
    }

    static func main() {
        ResourceLimit.raiseStack()
        StandardStreams.reserve()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let code as ExitCode {
            // Everything is said already, and to compose the help takes time.
            CurrentProcess.end(code.rawValue)
        } catch  where exitCode(for: error) == .success {
            print(fullMessage(for: error))
        } catch {
            fail(error)
        }
        CurrentProcess.end(0)
    }

    private static func fail(_ error: any Error) -> Never {
        let text = fullMessage(for: error)
        if !text.isEmpty { try? Descriptor.standardError.writeAll(Array("\(text)\n".utf8)) }
        CurrentProcess.end(exitCode(for: error).rawValue)
    }

    /// Prints the text for `--help` and the like to standard output, which carries no protocol then.
    private static func print(_ text: String) {
        do { try StandardStreams.write("\(text)\n") } catch {
            if error.code == EPIPE { StandardStreams.endUnread() }
            fail(error)
        }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        var log = StandardErrorLog()
        log.logLevel = debug ? .debug : verbose ? .notice : .warning
        var logger = Logger(label: "bst-artifact-receive") { _ in log }
        guard pull.url != nil || !Descriptor.standardInput.isTerminal else {
            throw ValidationError(
                """
                bst-artifact-receive takes pushes from a client on its standard input, and this is a terminal. It is \
                meant to be started by sshd: see 'bst-artifact-receive --help', and try 'bst-artifact check' from a \
                client.
                """)
        }
        do {
            var confinement = try Confinement(root: root)
            if let address = repositoryOption ?? path, BucketStore.isAddress(address) {
                return try receive(intoBucket: address, confinement, logger)
            }
            guard var request = try pull.request() ?? confinement.request?.pull else {
                let repository = try Repository(confinement.repository(named: repositoryOption ?? path))
                if confinement.isVerbosityAsked(by: verbose) { logger.logLevel = min(logger.logLevel, .info) }
                return try receive(
                    into: repository, logger, version: version(asked: confinement.request?.version))
            }
            let configuration = try OSTreeReceiveConfiguration.load()
            if !confinement.isForced, root == nil { confinement.root = configuration.root }
            let repository = try Repository(confinement.repository(named: repositoryOption ?? path))
            var command = self
            try configuration.apply(to: &command, for: repository.path)
            if !request.updatesSummary { command.summary.policy = .never }
            configuration.apply(to: &request, &logger)
            try command.receive(into: repository, logger, pulling: request)
        } catch let error as ValidationError {
            throw error
        } catch {
            logger.error("\(error)")
            throw ExitCode(1)
        }
    }

    /// Takes a push, or what a client of ostree-push has to be pulled.
    private func receive(
        into repository: Repository, _ logger: Logger, version: ProtocolVersion = .one,
        pulling request: ClientPullRequest? = nil
    ) throws {
        repository.permissions.adopt()
        var options = receiverOptions(for: repository, logger, version: version)
        if let warning = policy.warning { logger.warning("\(warning)") }
        var policies = try policy.policies(
            for: repository, requestingSummary: summary.requester(for: repository), logger: logger)
        if makesDeltas { policies.append(DeltaRequester(repository)) }
        let flatpak = try summary.flatpak(for: repository)
        let summaryUpdate = summary.update(of: repository, flatpak)
        // From here on, no library can be loaded.
        if try makesDeltas || summary.policy != .never && repository.hasUncommonSummary() {
            try repository.openByLibrary()
        }
        if request != nil { try WebLibrary.load() }
        let confined = try Confinement.confine(
            to: repository,
            startsPrograms: policy.signatures.verifyGPG != nil || summary.startsPrograms(flatpak)
                || rewriter.startsPrograms,
            with: summary.needed + rewriter.needed, port: request?.port)
        if confined { logger.debug("gave up access to files outside of \(repository.path)") }
        if summary.policy == .always, !policy.readOnly {
            if version == .zero || request != nil { summaryUpdate?.makeMissing(logger) }
            options.introduced = { info in
                // Whoever only pulls changes nothing.
                let isPull = info.capabilities.contains(.pull) && !info.capabilities.contains(.want)
                if !isPull { summaryUpdate?.makeMissing(logger) }
            }
        }
        // Runs also if the client left before it had the result.
        defer {
            summaryUpdate?.run(logger)
            if makesDeltas {
                DeltasAfterPush(repository: repository, summary: summaryUpdate).run(logger)
            }
        }
        if let request {
            let pull = ClientPull(
                request: request, repository: repository, policies: policies, options: options, logger: logger
            )
            return try pull.run()
        }
        try Receiver(store: repository, policies: policies, options: options, logger: logger)
            .serve(input: .standardInput, output: .standardOutput)
    }

    private func receiverOptions(
        for repository: Repository, _ logger: Logger, version: ProtocolVersion
    ) -> Receiver.Options {
        var options = Receiver.Options()
        options.version = version
        options.pullURL = pullURL
        options.moves = policy.moves
        options.isReadOnly = policy.readOnly
        options.timeout = policy.timeout.duration
        options.capabilities = Capability.ofEnvironment ?? options.capabilities
        options.readable = policy.readable
        if policy.forbidsPull { options.capabilities.remove(.pull) }
        if policy.allowDelete { options.capabilities.insert(.delete) }
        if rewriter.reparent { options.capabilities.insert(.reparent) }
        options.rewriter = rewriter.rewriter(collection: repository.collection)
        let identity = PusherIdentity.find(named: pusher)
        options.record = { record in
            var record = record
            record.pusher = identity
            // The push has succeeded even if it cannot be logged.
            do { try repository.log(record) } catch {
                logger.warning("the push is not in the log: \(error)")
            }
        }
        return options
    }

    private func version(asked: ProtocolVersion?) -> ProtocolVersion {
        if let version = protocolVersion ?? asked { return version }
        let program = (CommandLine.arguments.first ?? "").split(separator: "/").last ?? ""
        return program == "ostree-receive" || program == "ostree-receive-0" ? .zero : .one
    }
}
