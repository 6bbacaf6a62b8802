// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import SystemCalls
import TextCoding

struct CopyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Copies a cache from this machine into a bucket, or back.",
        discussion: """
              bst-artifact copy /srv/artifacts s3://artifacts/team-a
              bst-artifact copy s3://artifacts/team-a /srv/artifacts

            All refs are copied, with their history as far as it is there, and pins. Refs of the same names at the destination move to the \
            copied commits; others, and their pins, stay. If it is interrupted, run it again: what is there already is not copied again. Pushes \
            to the source may go on meanwhile; copy once more when they have moved to the destination.
            """)

    @Argument(help: "The cache to copy: a path, or s3://BUCKET/PREFIX.")
    var source: String

    @Argument(
        help:
            "Its destination: s3://BUCKET/PREFIX, made by 'init', or a path, which is made if it is not there."
    )
    var destination: String

    @OptionGroup var output: OutputOptions

    /// The number of refs that are copied together.
    private static let batchSize = 64

    func validate() throws {
        guard BucketStore.isAddress(source) != BucketStore.isAddress(destination) else {
            throw ValidationError(
                "One of the two is a cache in a bucket, s3://BUCKET/PREFIX, and the other one is a directory."
            )
        }
    }

    func run() throws {
        let cancellation = try Interruption.cancellation()
        let isIntoBucket = BucketStore.isAddress(destination)
        let address = isIntoBucket ? destination : source
        let store = try BucketStore.open(
            address, author: BucketStore.localAuthor, cancellation: cancellation)
        let start = ContinuousClock.now
        let total = try isIntoBucket ? copy(into: store, cancellation) : copy(from: store, cancellation)
        output.terminal.say(
            "\(destination): \(Format.count(total.copied, "ref")) copied, \(total.present) there already; "
                + "\(Format.count(total.objects, "object")), \(Format.bytes(total.bytes)) in "
                + Format.seconds(start.duration(to: .now)))
        output.terminal.emit([
            "source": JSON(source), "destination": JSON(destination), "copied": JSON(total.copied),
            "present": JSON(total.present), "objects": JSON(total.objects), "bytes": JSON(total.bytes),
            "pinned": JSON(total.pinned),
        ])
    }

    /// Counts of refs and objects so far.
    private struct Total {
        var copied = 0
        var present = 0
        var objects = 0
        var bytes: UInt64 = 0
        var pinned: [String] = []
    }

    /// Copies pins, before the refs, so that no expiry at the destination comes between.
    private func pin(_ pin: () throws -> [String]) throws -> [String] {
        let new = try pin()
        for pattern in new { output.terminal.say("\(pattern): pinned") }
        return new
    }

    /// Calls `body` with some refs at a time.
    private func forEachBatch(
        of refs: RefList, _ body: ([(ref: RefName, commit: Checksum)]) throws -> Void
    ) throws {
        for start in stride(from: 0, to: refs.count, by: CopyCommand.batchSize) {
            try body(Array(refs[start..<min(start + CopyCommand.batchSize, refs.count)]))
        }
    }

    private func copy(into store: BucketStore, _ cancellation: Cancellation) throws -> Total {
        let repository = try Repository(source)
        let listing = try repository.refListing()
        output.terminal.warn(about: listing.leftOut)
        var total = Total()
        total.pinned = try pin { try store.pin(repository.pins().patterns).changed }
        let progress = output.terminal.progress("copying to \(destination)")
        defer { progress.clear() }
        var options = Pusher.Options()
        options.isForced = true
        options.cancellation = cancellation
        if progress.isShown { options.showActivity = { progress.show($0) } }
        let pusher = Pusher(repository: repository, options: options)
        try forEachBatch(of: listing.refs) { batch in
            let own = batch.filter { $0.ref != Repository.metadataRef }
            let report = try pusher.push(own, into: store)
            total.copied += report.results.count { $0.outcome == .moved }
            total.present += report.results.count { $0.outcome != .moved }
            total.objects += report.objects
            total.bytes += report.bytes
            progress.show("\(total.copied + total.present) of \(Format.count(listing.refs.count, "ref"))")
        }
        store.updateSummary(output.terminal)
        return total
    }

    private func copy(from store: BucketStore, _ cancellation: Cancellation) throws -> Total {
        let repository = try openDestination()
        var total = Total()
        total.pinned = try pin { try repository.pin(store.pins().patterns) }
        let progress = output.terminal.progress("copying from \(source)")
        defer { progress.clear() }
        var options = WebOptions()
        options.cancellation = cancellation
        let refs = try store.refs()
        try forEachBatch(of: refs) { batch in
            let lacking = try batch.filter { entry in
                try repository.commit(of: entry.ref) != entry.commit || !repository.hasWhole(entry.commit)
            }
            total.present += batch.count - lacking.count
            guard !lacking.isEmpty else { return }
            let remote = try RemoteRepository(RemoteAddress(parsing: source), options: options)
            for entry in lacking { remote.resolve(entry.ref, to: entry.commit) }
            let puller = Puller(from: remote, into: repository)
            puller.depth = .all
            puller.deltas = .never
            let report = try puller.pull(lacking.map(\.ref))
            total.copied += report.entries.count
            total.objects += report.objects
            total.bytes += report.bytes
            progress.show("\(total.copied + total.present) of \(Format.count(refs.count, "ref"))")
        }
        if try repository.summarySize() != nil { _ = try repository.updateSummary() }
        return total
    }

    private func openDestination() throws -> Repository {
        guard try Directory.exists("\(destination)/config") else {
            let repository = try Repository.create(destination, mode: .archive)
            repository.permissions.adopt()
            _ = try repository.updateSummary()
            return repository
        }
        let repository = try Repository(destination)
        repository.permissions.adopt()
        return repository
    }
}
