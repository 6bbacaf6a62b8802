// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import CommandLineSupport
import Logging

extension RefMovePolicy: ExpressibleByArgument {}

extension ExistingRefs: ExpressibleByArgument {}

/// Options for the policies of a cache.
struct PolicyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Accept only refs that match; '*' also matches slashes. May be repeated.", valueName: "pattern"))
    var allowRef: [String] = []

    @Option(help: ArgumentHelp("Refuse refs that match. May be repeated.", valueName: "pattern"))
    var denyRef: [String] = []

    @Option(
        help: ArgumentHelp(
            "The maximum size of one object as transferred: 1000000, 64M, 2G.", valueName: "size"))
    var maxObjectSize: ByteCount?

    @Option(help: ArgumentHelp("The maximum size of all new objects of one push.", valueName: "size"))
    var maxPushSize: ByteCount?

    @OptionGroup var expiry: ExpiryOptions
    @OptionGroup var signatures: SignatureOptions

    @Option(
        help: ArgumentHelp(
            "Give up on a client that is inactive for this long, 1 to 86400.", valueName: "seconds"))
    var timeout = TimeLimit(seconds: 3600)

    @Option(
        name: .customLong("moves"),
        help: ArgumentHelp(
            "Where an existing ref may move: forward, to descendants; artifacts, also from one commit without parent to another; any; never. (default: artifacts)",
            valueName: "policy"))
    var chosenMoves: RefMovePolicy?

    @Option(help: .hidden)
    var existing: ExistingRefs?

    @Option(
        help: ArgumentHelp(
            "Run this program before a push is published; it reads lines 'OLD NEW REF', and refuses by failing.",
            valueName: "program"))
    var preReceive: String?

    @Option(
        help: ArgumentHelp(
            "Run this program after refs have moved. It reads the same lines.", valueName: "program"))
    var postReceive: String?

    @Flag(help: "Let clients delete refs that they may push, unless these are pinned.")
    var allowDelete = false

    @Option(
        help: ArgumentHelp(
            "Let clients read only refs that match. May be repeated. (default: as --allow-ref and --deny-ref)",
            valueName: "pattern"))
    var allowRead: [String] = []

    @Flag(
        name: .customLong("no-pull"),
        help: "Give no objects to clients, which then pull from the web address.")
    var forbidsPull = false

    @Flag(help: "Answer clients, but refuse pushes.")
    var readOnly = false

    /// The policy for moving refs that exist.
    var moves: RefMovePolicy { chosenMoves ?? existing?.successor ?? .artifacts }

    /// A warning for the log about the use of a removed option.
    var warning: String? {
        existing.map {
            "the option --existing \($0) is gone, and this receiver takes --moves \(moves) in its place: ask the cache's "
                + "administrator to start it with --moves artifacts, forward, any or never"
        }
    }

    /// The refs that clients may read; nil for all.
    var readable: RefFilter? {
        if !allowRead.isEmpty { return RefFilter(allowed: allowRead, denied: []) }
        return allowRef.isEmpty && denyRef.isEmpty ? nil : RefFilter(allowed: allowRef, denied: denyRef)
    }

    /// The policies, in the order in which they are asked. Space comes last: no room is made for what is refused.
    func policies(
        for repository: Repository, requestingSummary requester: SummaryRequester?, logger: Logger
    ) throws -> [any ReceivePolicy] {
        var policies = limits
        if let signatures = try repository.signaturePolicy(
            gpgKeyring: signatures.verifyGPG, ed25519Keys: signatures.verifyEd25519,
            bindings: CommitBindings.Rule(collection: repository.collection))
        {
            policies.append(signatures)
        }
        if let requester { policies.append(requester) }
        if let hooks = try hooks(of: repository, logger) { policies.append(hooks) }
        policies.append(SpaceLimit(repository, limits: expiry.limits))
        return policies
    }

    /// The policies about refs and sizes.
    var limits: [any ReceivePolicy] {
        var policies: [any ReceivePolicy] = []
        if !allowRef.isEmpty || !denyRef.isEmpty {
            policies.append(RefFilter(allowed: allowRef, denied: denyRef))
        }
        if maxObjectSize != nil || maxPushSize != nil {
            policies.append(SizeLimit(maximumObject: maxObjectSize?.value, maximumPush: maxPushSize?.value))
        }
        return policies
    }

    /// The policy that runs the owner's programs; nil if there are none.
    func hooks(of store: any ArtifactStore, _ logger: Logger) throws -> Hooks? {
        guard preReceive != nil || postReceive != nil else { return nil }
        return Hooks(
            store, moves: moves, before: try preReceive.map { try Hook($0, repository: store.location) },
            after: try postReceive.map { try Hook($0, repository: store.location) },
            warn: { logger.warning("\($0)") })
    }
}
