// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactProtocol
import ArtifactReceiver
import ArtifactRepository
import CommandLineSupport
import Logging
import SystemCalls

extension ReceiveCommand {
    /// Takes a push into a bucket.
    func receive(intoBucket address: String, _ confinement: Confinement, _ logger: Logger) throws {
        if let option = optionForRepositories {
            throw ValidationError(
                "\(option) works on a repository of this machine, and not on a bucket: leave it out.")
        }
        let limit = policy.expiry.maxSize.map { size in
            BucketSizeLimit(size.value) { logger.warning("\($0)") }
        }
        // Room is compared with all that is new, before any of it is put.
        let store = try BucketStore.open(address, author: author, putsEarly: limit == nil, sizeLimit: limit)
        // Behind the update of the summary.
        defer { logger.notice("requests to the bucket", metadata: ["sent": "\(store.client.counts)"]) }
        var options = Receiver.Options()
        options.version = protocolVersion ?? confinement.request?.version ?? .one
        options.pullURL = pullURL
        options.moves = policy.moves
        options.isReadOnly = policy.readOnly
        options.timeout = policy.timeout.duration
        options.capabilities = Capability.ofEnvironment ?? options.capabilities
        // Objects are pulled from the bucket itself, and histories are not filled in there.
        options.capabilities.subtract([.pull, .history])
        if policy.allowDelete { options.capabilities.insert(.delete) }
        if rewriter.reparent { options.capabilities.insert(.reparent) }
        options.rewriter = rewriter.rewriter(collection: nil)
        if let warning = policy.warning { logger.warning("\(warning)") }
        let policies = try policy.policies(for: store, logger: logger)
        // Runs also if the client left before it had the result.
        defer {
            if summary.policy != .never {
                do {
                    try SummaryView(of: store, signers: summary.signers).updateAfterPublication(
                        makesMissing: summary.policy == .always)
                } catch { logger.warning("the summary still shows what was there before: \(error)") }
            }
        }
        try Receiver(store: store, policies: policies, options: options, logger: logger)
            .serve(input: .standardInput, output: .standardOutput)
    }

    /// The name of whoever pushes, for the log.
    private var author: String {
        let identity = PusherIdentity.find(named: pusher)
        return [identity.name, identity.key, identity.address].first { !$0.isEmpty }
            ?? BucketStore.localAuthor
    }

    /// The first option that has no meaning for a bucket; nil if none is given.
    private var optionForRepositories: String? {
        let given: [(String, Bool)] = [
            ("--root", root != nil), ("--deltas", makesDeltas), ("--allow-read", !policy.allowRead.isEmpty),
            ("--min-free", policy.expiry.minFree != nil), ("--keep", !policy.expiry.keep.isEmpty),
            ("--dry-run", pull.dryRun), ("--force", pull.force),
            ("a URL", pull.url != nil),
        ]
        return given.first { $0.1 }?.0
    }
}

extension PolicyOptions {
    /// The policies for a bucket, in the order in which they are asked.
    func policies(for store: BucketStore, logger: Logger) throws -> [any ReceivePolicy] {
        var policies = limits
        if let signatures = try SignedCommits.policy(
            of: store, gpgKeyring: signatures.verifyGPG, ed25519Keys: signatures.verifyEd25519,
            temporaryDirectory: store.temporaryDirectory)
        {
            policies.append(signatures)
        }
        if let hooks = try hooks(of: store, logger) { policies.append(hooks) }
        // Of this machine's disk, on which objects wait.
        policies.append(SpaceLimit(store.spool, limits: Expiry.Limits()))
        return policies
    }
}
