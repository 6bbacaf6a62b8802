// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactProtocol
import ArtifactRepository
import Glibc

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Creates a repository, by default of mode archive, as a cache needs it.",
        discussion: """
              bst-artifact init /srv/artifacts
              bst-artifact init --mode bare-user my-artifacts
              bst-artifact init --group builders /srv/shared
              bst-artifact init --collection-id org.example.Os /srv/os
              bst-artifact init s3://artifacts/team-a
            """)

    @Argument(help: "The path of the repository, or s3://BUCKET/PREFIX for a cache in a bucket.")
    var path: String

    @Option(help: "archive for a cache; bare-user, bare-user-only or bare for a builder.")
    var mode = "archive"

    @Option(help: ArgumentHelp("Let the members of this group write to the repository.", valueName: "name"))
    var group: String?

    @Option(
        name: .customLong("collection-id"),
        help: ArgumentHelp(
            "The globally unique name of the repository's collection of refs, as 'ostree init' takes it.",
            valueName: "id"))
    var collection: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard RepositoryMode(name: mode) != nil else {
            throw ValidationError(
                "There is no mode '\(mode)': name archive, bare-user, bare-user-only or bare.")
        }
        if let collection, try !Repository.isCollection(collection) {
            throw ValidationError(
                "'\(collection.forDisplay())' cannot name a collection: give a reversed domain name such as org.example.Os."
            )
        }
        if let group, InitCommand.identifier(ofGroup: group) == nil {
            throw ValidationError("There is no group '\(group)': make it with groupadd.")
        }
    }

    func run() throws {
        if BucketStore.isAddress(path) { return try initBucket() }
        // A web server reads a cache, and one user or group writes it, so the shell's umask must not count.
        let group = group.flatMap(InitCommand.identifier)
        (group == nil ? RepositoryPermissions.ofOwner : .ofGroup).adopt()
        let repository = try Repository.create(
            path, mode: RepositoryMode(name: mode) ?? .archive, collection: collection)
        if group == nil { repository.permissions.adopt() }
        if try repository.lacksSummary() { try repository.updateSummary() }
        if let group { try repository.share(with: group) }
        let member = repository.collection.map { ", collection \($0)" } ?? ""
        output.terminal.say("\(repository.path): repository of mode \(repository.mode)\(member)")
        output.terminal.emit([
            "repository": JSON(repository.path), "mode": JSON(repository.mode),
            "collection": JSON(repository.collection),
        ])
    }

    /// Makes a cache in a bucket, after a check that the store is suitable.
    private func initBucket() throws {
        guard mode == "archive", group == nil, collection == nil else {
            throw ValidationError("A cache in a bucket has mode archive, no group and no collection.")
        }
        let client = try BucketStore.client(of: path)
        let isNew = try BucketStore.make(client, author: BucketStore.localAuthor)
        let store = try BucketStore.open(path, author: BucketStore.localAuthor)
        if try SummaryView(of: store).size() == nil { _ = try SummaryView(of: store).update() }
        output.terminal.say("\(client.location): \(isNew ? "new cache" : "cache, as before")")
        output.terminal.emit(["repository": JSON("\(client.location)"), "mode": JSON("archive")])
    }

    /// Looks up a group of this machine by name or number.
    private static func identifier(ofGroup name: String) -> gid_t? {
        if let entry = getgrnam(name) { return entry.pointee.gr_gid }
        return gid_t(name).flatMap { $0 == .max ? nil : $0 }
    }
}
