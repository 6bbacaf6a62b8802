// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import ArtifactRepository

/// Selects the caches for a command, from `--remote` or the configuration.
struct RemoteSelection {
    let named: String?
    let configuration: Configuration
    /// The repository whose remotes `--remote` may name; nil for commands without one.
    let repository: Repository?

    /// Returns the caches to pull a ref from, in order.
    func pullCaches(for ref: RefName?) throws -> [RemoteAddress] {
        try choose(ref, \.pull, purpose: "pull from", remedy: "a pull-url or url")
    }

    func pushCaches(for ref: RefName?) throws -> [RemoteAddress] {
        try choose(ref, \.push, purpose: "push to", remedy: "a push-url, an ssh or s3 url, or 'push: true'")
    }

    private func choose(
        _ ref: RefName?, _ side: KeyPath<CacheSpecification, RemoteAddress?>, purpose: String, remedy: String
    ) throws -> [RemoteAddress] {
        if let named, let address = try address(named) { return [address] }
        // An artifact's ref begins with its project's name.
        let project = named ?? ref?.project.text
        let caches = configuration.caches(forProject: project).compactMap { $0[keyPath: side] }
        guard !caches.isEmpty else {
            throw ClientError(
                .unsuitableRemote,
                "the configuration names no cache to \(purpose): give --remote, or add \(remedy) to buildstream.conf"
            )
        }
        return caches
    }

    /// Returns true if a word names a remote or project, rather than being an address.
    static func isName(_ word: String) -> Bool {
        word.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") } && !word.isEmpty
    }

    /// Parses an address, or looks up a remote of the repository; nil for a project.
    private func address(_ word: String) throws -> RemoteAddress? {
        guard RemoteSelection.isName(word) else { return try RemoteAddress(parsing: word) }
        if let url = try repository?.url(ofRemote: word) { return try RemoteAddress(parsing: url) }
        if configuration.projectCaches[word] != nil { return nil }
        let names = try (repository?.remotes() ?? []) + configuration.projectCaches.keys.sorted()
        throw ClientError(
            .unknownRemote,
            "there is no remote '\(word.forDisplay())': it is neither an address (ssh://HOST/PATH, HOST:PATH, https://..., "
                + "s3://..., an absolute path), nor a remote of the repository, nor a project of the configuration"
                + (Suggestions.nearest(to: word, among: names).map { ": did you mean '\($0)'?" } ?? ""))
    }
}
