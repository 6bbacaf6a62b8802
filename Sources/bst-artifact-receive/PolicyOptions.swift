// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactReceiver
import ArtifactRepository
import Logging

extension RefMovePolicy: ExpressibleByArgument {}

extension ExistingRefs: ExpressibleByArgument {}

/// What the owner of a cache lets be pushed.
struct PolicyOptions: ParsableArguments {
    @Option(
        name: .customLong("allow-ref"),
        help: ArgumentHelp(
            "Only refs like this may be pushed; '*' also stands for slashes. May be repeated.",
            valueName: "pattern"))
    var allowed: [String] = []

    @Option(
        name: .customLong("deny-ref"),
        help: ArgumentHelp("Refs like this may not be pushed. May be repeated.", valueName: "pattern"))
    var denied: [String] = []

    @Option(
        name: .customLong("max-object-size"),
        help: ArgumentHelp(
            "The most bytes of one object, as it travels: 1000000, 64M, 2G.", valueName: "size"))
    var maximumObject: ByteCount?

    @Option(
        name: .customLong("max-push-size"),
        help: ArgumentHelp("The most bytes of all new objects of one push.", valueName: "size"))
    var maximumPush: ByteCount?

    @Option(
        name: .customLong("min-free"),
        help: ArgumentHelp(
            "How much of the file system stays free. Artifacts that were not used for the longest time make room.",
            valueName: "size"))
    var minimumFree: ByteCount?

    @Option(
        name: .customLong("max-size"),
        help: ArgumentHelp("The most that the cache's objects may take on disk, likewise.", valueName: "size")
    )
    var maximumSize: ByteCount?

    @Option(
        name: .customLong("keep"),
        help: ArgumentHelp("Refs like this never make room. May be repeated.", valueName: "pattern"))
    var kept: [String] = []

    @Option(
        name: .customLong("verify-gpg"),
        help: ArgumentHelp("Only commits with a GPG signature by a key of this file.", valueName: "keyring"))
    var keyring: String?

    @Option(
        name: .customLong("verify-ed25519"),
        help: ArgumentHelp(
            "Only commits with an ed25519 signature by a key of this file: base64, one a line.",
            valueName: "file"))
    var ed25519Keys: String?

    @Option(help: ArgumentHelp("Give up on a client that is silent for so long.", valueName: "seconds"))
    var timeout: Int32 = 3600

    @Option(
        name: .customLong("moves"),
        help: ArgumentHelp(
            "Where a ref that exists may move: forward, to descendants; artifacts, also from one commit without parent to another; any; never. (default: artifacts)",
            valueName: "policy"))
    var chosenMoves: RefMovePolicy?

    @Option(help: .hidden)
    var existing: ExistingRefs?

    @Option(
        name: .customLong("pre-receive"),
        help: ArgumentHelp(
            "Ask this program before a push is published: it gets lines 'OLD NEW REF', and refuses by failing.",
            valueName: "program"))
    var preReceive: String?

    @Option(
        name: .customLong("post-receive"),
        help: ArgumentHelp("Tell this program, likewise, which refs have moved.", valueName: "program"))
    var postReceive: String?

    @Flag(
        name: .customLong("allow-delete"),
        help: "Clients may delete the refs that they may push, unless these are pinned.")
    var allowsDeletion = false

    @Flag(name: .customLong("read-only"), help: "Answer clients, but take no pushes.")
    var isReadOnly = false

    func validate() throws {
        if !(1...86_400).contains(timeout) {
            throw ValidationError("A time limit is between 1 and 86400 seconds.")
        }
    }

    /// The policy for moving refs that exist.
    var moves: RefMovePolicy { chosenMoves ?? existing?.successor ?? .artifacts }

    /// A sentence for the log about an option that is gone.
    var warning: String? {
        existing.map {
            "the option --existing \($0) is gone, and this receiver takes --moves \(moves) in its place: ask the cache's "
                + "administrator to start it with --moves artifacts, forward, any or never"
        }
    }

    /// Whether programs of the system are needed while a push is taken.
    var startsPrograms: Bool { keyring != nil }

    /// The policies, in the order in which they are asked. Space comes last: no room is made for what is refused.
    func policies(
        for repository: Repository, requestingSummary requester: SummaryRequester?, logger: Logger
    ) throws -> [any ReceivePolicy] {
        var policies: [any ReceivePolicy] = []
        if !allowed.isEmpty || !denied.isEmpty {
            policies.append(RefFilter(allowed: allowed, denied: denied))
        }
        if maximumObject != nil || maximumPush != nil {
            policies.append(SizeLimit(maximumObject: maximumObject?.value, maximumPush: maximumPush?.value))
        }
        if let signatures = try repository.signaturePolicy(
            gpgKeyring: keyring, ed25519Keys: ed25519Keys,
            bindings: CommitBindings.Rule(collection: repository.collection))
        {
            policies.append(signatures)
        }
        if let requester { policies.append(requester) }
        if preReceive != nil || postReceive != nil {
            policies.append(
                Hooks(
                    repository, moves: moves,
                    before: try preReceive.map { try Hook($0, repository: repository.path) },
                    after: try postReceive.map { try Hook($0, repository: repository.path) },
                    warn: { logger.warning("\($0)") }))
        }
        var limits = Expiry.Limits()
        limits.minimumFree = minimumFree?.value
        limits.maximumSize = maximumSize?.value
        limits.kept = kept
        policies.append(SpaceLimit(repository, limits: limits))
        return policies
    }
}

extension ByteCount: ExpressibleByArgument {}
