// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactReceiver
import ArtifactRepository
import CommandLineSupport
import Logging

extension RefMovePolicy: ExpressibleByArgument {}

extension ExistingRefs: ExpressibleByArgument {}

/// Options for the policies of a cache.
struct PolicyOptions: ParsableArguments {
    @Option(
        name: .customLong("allow-ref"),
        help: ArgumentHelp(
            "Accept only refs that match; '*' also matches slashes. May be repeated.",
            valueName: "pattern"))
    var allowed: [String] = []

    @Option(
        name: .customLong("deny-ref"),
        help: ArgumentHelp("Refuse refs that match. May be repeated.", valueName: "pattern"))
    var denied: [String] = []

    @Option(
        name: .customLong("max-object-size"),
        help: ArgumentHelp(
            "The maximum size of one object as transferred: 1000000, 64M, 2G.", valueName: "size"))
    var maximumObject: ByteCount?

    @Option(
        name: .customLong("max-push-size"),
        help: ArgumentHelp("The maximum size of all new objects of one push.", valueName: "size"))
    var maximumPush: ByteCount?

    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var signatures: SignatureOptions

    @Option(help: ArgumentHelp("Give up on a client that is inactive for this long.", valueName: "seconds"))
    var timeout: Int32 = 3600

    @Option(
        name: .customLong("moves"),
        help: ArgumentHelp(
            "Where an existing ref may move: forward, to descendants; artifacts, also from one commit without parent to another; any; never. (default: artifacts)",
            valueName: "policy"))
    var chosenMoves: RefMovePolicy?

    @Option(help: .hidden)
    var existing: ExistingRefs?

    @Option(
        name: .customLong("pre-receive"),
        help: ArgumentHelp(
            "Run this program before a push is published; it reads lines 'OLD NEW REF', and refuses by failing.",
            valueName: "program"))
    var preReceive: String?

    @Option(
        name: .customLong("post-receive"),
        help: ArgumentHelp(
            "Run this program after refs have moved. It reads the same lines.", valueName: "program"))
    var postReceive: String?

    @Flag(
        name: .customLong("allow-delete"),
        help: "Let clients delete refs that they may push, unless these are pinned.")
    var allowsDeletion = false

    @Flag(name: .customLong("read-only"), help: "Answer clients, but refuse pushes.")
    var isReadOnly = false

    func validate() throws {
        _ = try Duration(timeoutOption: timeout)
    }

    /// The policy for moving refs that exist.
    var moves: RefMovePolicy { chosenMoves ?? existing?.successor ?? .artifacts }

    /// A warning for the log about the use of a removed option.
    var warning: String? {
        existing.map {
            "the option --existing \($0) is gone, and this receiver takes --moves \(moves) in its place: ask the cache's "
                + "administrator to start it with --moves artifacts, forward, any or never"
        }
    }

    /// Indicates that system programs are needed during a push.
    var startsPrograms: Bool { signatures.gpgKeyring != nil }

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
            gpgKeyring: signatures.gpgKeyring, ed25519Keys: signatures.ed25519Keys,
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
        policies.append(SpaceLimit(repository, limits: expiry.limits))
        return policies
    }
}
