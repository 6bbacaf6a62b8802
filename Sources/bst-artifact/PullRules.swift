// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import CommandLineSupport

/// The signatures and settings that count for a pull: those of options, and those of a remote that is named.
struct PullRules {
    /// The settings of the remote; nil if an address or nothing is named.
    let settings: RemoteSettings?
    /// The bindings that commits must have.
    let bindings: CommitBindings.Rule
    /// The verifiers of commits, each of which must accept each.
    let commitVerifiers: [any SignatureVerifier]
    /// The verifiers of the summary.
    let summaryVerifiers: [any SignatureVerifier]

    /// Finds the rules, and warns of settings that are not followed.
    ///
    /// - Parameter named: The value of `--remote`.
    init(
        _ repository: Repository, remote named: String?, _ signatures: SignatureOptions, _ terminal: Terminal
    ) throws {
        settings = try named.flatMap { try repository.settings(ofRemote: $0) }
        bindings = .strict(settings?.collection)
        var gpg: (any SignatureVerifier)? = try signatures.verifyGPG.map {
            try GPGVerifier(keyring: $0, temporaryDirectory: "\(repository.path)/tmp")
        }
        var other: (any SignatureVerifier)? = try signatures.verifyEd25519.map {
            try Ed25519Verifier(keys: $0)
        }
        var commits = [gpg, other].compactMap(\.self)
        var summary: [any SignatureVerifier] = []
        if let settings {
            for key in settings.unfollowed {
                terminal.warn("setting '\(key)' of remote \(settings.name) is not followed")
            }
            if settings.isPermissive {
                terminal.warn(
                    "the certificate of remote \(settings.name) is not checked, as its setting tls-permissive says: anybody on the "
                        + "way can change what is pulled, as far as no signature covers it")
            }
            // ostree itself cannot pull through ssh, so its default says nothing there.
            let isOSTrees = (try? RemoteAddress(parsing: settings.url).isSSH) == false
            let verifiesGPG = settings.verifiesGPG ?? (commits.isEmpty && isOSTrees)
            // Keys of options take the place of the remote's.
            if gpg == nil, verifiesGPG || settings.verifiesSummaryGPG {
                gpg = try repository.gpgVerifier(of: settings)
                if verifiesGPG { commits += [gpg].compactMap(\.self) }
            }
            if other == nil {
                other = try repository.signatureVerifier(of: settings)
                commits += [other].compactMap(\.self)
            }
            summary += [settings.verifiesSummaryGPG ? gpg : nil, settings.verifiesSummary ? other : nil]
                .compactMap(\.self)
            if settings.verifiesSummary, other == nil {
                throw RepositoryError(
                    .badSignature,
                    "cannot verify the summary of remote \(settings.name): its setting sign-verify-summary asks for a signature, "
                        + "and sign-verify for none, so set both")
            }
        }
        (commitVerifiers, summaryVerifiers) = (commits, summary)
    }

    /// The policies of a pull into a repository.
    func policies(_ repository: Repository) -> [any ReceivePolicy] {
        guard !commitVerifiers.isEmpty else { return [] }
        return [
            SignedCommits(
                repository, verifiers: commitVerifiers, bindings: bindings, merging: .followsReceived)
        ]
    }
}
