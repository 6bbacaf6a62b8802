// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactRepository

/// The place of pulled refs: the values of `--into`.
enum PullPlace: String, ExpressibleByArgument, CaseIterable {
    /// `refs/heads`.
    case heads
    /// `refs/remotes/NAME`, as of `ostree pull NAME REF`.
    case remote
    /// `refs/mirrors/COLLECTION`, or `refs/heads` for a remote without a collection, as of `ostree pull --mirror`.
    case mirror
}

/// The repository that is pulled into, and the place of the refs there.
struct PullDestination {
    let repository: Repository
    let place: PullPlace
    /// The name of the remote, if it is one of the repository.
    let remoteName: String?

    /// Checks that there is such a place.
    ///
    /// - Parameter named: The value of `--remote`.
    /// - Throws: `ValidationError` if refs of a remote are asked for and none of the repository is named.
    init(_ repository: Repository, _ place: PullPlace, remote named: String?) throws {
        (self.repository, self.place) = (repository, place)
        remoteName = try named.flatMap { try repository.url(ofRemote: $0) == nil ? nil : $0 }
        guard place == .remote, remoteName == nil else { return }
        throw ValidationError(
            "--into remote writes refs of a remote, so --remote must name one of the repository. Add one with 'ostree remote "
                + "add --repo=\(repository.path) NAME URL', and give --remote NAME.")
    }

    /// Returns the repository with the refs of the place, for what is pulled from a remote.
    func repository(for remote: any PullSource) throws -> Repository {
        try repository(forCollection: place == .mirror ? remote.collection() : nil, place)
    }

    /// Returns the repository with the refs of the place, for what a remote lists.
    func repository(ofListed collection: String?) throws -> Repository {
        try repository(forCollection: collection, place)
    }

    /// Returns the repository with the refs of a mirrored collection; those in `refs/heads` for its own one and for nil.
    func repository(forCollection collection: String?) throws -> Repository {
        guard let collection, collection != repository.collection else { return repository }
        return try repository.withRefs(in: .mirror(collection))
    }

    private func repository(forCollection collection: String?, _ place: PullPlace) throws -> Repository {
        switch place {
        case .heads: repository
        case .remote: try remoteName.map { try repository.withRefs(in: .remote($0)) } ?? repository
        case .mirror: try repository(forCollection: collection)
        }
    }
}
