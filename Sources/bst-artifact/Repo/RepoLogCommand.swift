// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactProtocol
import ArtifactRepository
import TextCoding

struct RepoLogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Shows who pushed what and when, from the receiver's log.",
        discussion: """
              bst-artifact repo log --repo /srv/artifacts --limit 10
              bst-artifact repo log --repo /srv/artifacts 'hello/*'
              bst-artifact repo log --repo s3://artifacts/team-a

            The newest push comes last. Keys are known if sshd has 'ExposeAuthInfo yes'.
            """)

    @Argument(help: "Only pushes of refs that match; '*' also matches slashes.")
    var pattern: String?

    @Option(help: ArgumentHelp("Only this many pushes, the newest.", valueName: "number"))
    var limit: Int?

    @OptionGroup var local: LocalOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("A limit is at least 1.") }
    }

    func run() throws {
        if let store = try local.bucket(named: nil, try Interruption.cancellation()) { return try run(store) }
        let repository = try local.open()
        var last: [PushRecord] = []
        try repository.loggedPushes { record in
            guard matches(record) else { return }
            guard let limit else { return show(record) }
            last.append(record)
            // Dropping many at once keeps this linear.
            if last.count >= 2 * limit { last.removeFirst(last.count - limit) }
        }
        for record in last.suffix(limit ?? 0) { show(record) }
    }

    private func run(_ store: BucketStore) throws {
        try BucketLog(of: store).forEach(
            limit: limit, where: { pattern == nil ? true : matches(PushRecord($0)) }
        ) { entry in
            guard !entry.ownEdits.isEmpty else { return show(entry) }
            show(PushRecord(entry), entry: entry.sequence)
        }
    }

    /// Shows an entry that moves no ref.
    private func show(_ entry: LogEntry) {
        let collection = entry.changesPins || entry.onlyMeasures ? nil : entry.collection
        let step: String
        if entry.changesPins {
            step = "pins were changed"
        } else if entry.onlyMeasures {
            step = "objects of \(Format.bytes(entry.storedBytes ?? 0)) were counted"
        } else {
            step =
                collection.map { "collection \($0.number) of garbage, \($0.phase.rawValue)" }
                ?? "the cache was made"
        }
        local.terminal.print("\(Format.date(entry.time))  \(entry.author.forDisplay()): \(step)")
        local.terminal.emit([
            "entry": JSON(entry.sequence), "time": JSON(entry.time), "name": JSON(entry.author),
            "collection": JSON(collection?.number), "phase": JSON(collection?.phase.rawValue),
            "pins": JSON(entry.changesPins), "countedBytes": JSON(entry.storedBytes), "refs": .array([]),
        ])
    }

    private func matches(_ record: PushRecord) -> Bool {
        guard let pattern else { return true }
        return record.refs.contains { RefPatterns.matches($0.ref, pattern) }
    }

    /// - Parameter entry: the number of the entry of a bucket's log, which does not tell objects and bytes.
    private func show(_ record: PushRecord, entry: UInt64? = nil) {
        let pusher = record.pusher
        let who = [pusher.name, pusher.key, pusher.address].filter { !$0.isEmpty }.map { $0.forDisplay() }
        local.terminal.print(
            "\(Format.date(UInt64(clamping: record.time)))  \(who.isEmpty ? "somebody" : who.joined(separator: " ")): "
                + (entry.map { "entry \($0)" }
                    ?? "\(Format.count(record.objects, "object")), \(Format.bytes(record.bytes))"))
        for ref in record.refs {
            switch (ref.old, ref.new) {
            case (_, nil): local.terminal.print("  \(ref.ref): deleted")
            case (nil, .some(let new)): local.terminal.print("  \(ref.ref): new, at \(new)")
            case (.some(let old), .some(let new)):
                local.terminal.print("  \(ref.ref): from \(old) to \(new)")
            }
        }
        if let entry {
            return local.terminal.emit([
                "entry": JSON(entry), "time": JSON(record.time), "name": JSON(pusher.name),
                "refs": refs(record),
            ])
        }
        local.terminal.emit([
            "time": JSON(record.time), "key": JSON(pusher.key), "name": JSON(pusher.name),
            "address": JSON(pusher.address), "objects": JSON(record.objects), "bytes": JSON(record.bytes),
            "refs": refs(record),
        ])
    }

    private func refs(_ record: PushRecord) -> JSON {
        .array(record.refs.map { ["ref": JSON($0.ref), "old": JSON($0.old), "new": JSON($0.new)] })
    }
}

extension PushRecord {
    /// The publication of an entry of a bucket's log.
    fileprivate init(_ entry: LogEntry) {
        self.init(
            refs: entry.ownEdits.map { RefEditResult($0.ref, .moved, from: $0.old, to: $0.new) }, objects: 0,
            bytes: 0)
        time = Int(clamping: entry.time)
        pusher.name = entry.author
    }
}
