// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import TextCoding

struct RepoLogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Shows who pushed what and when, from the receiver's log.",
        discussion: """
              bst-artifact repo log --repo /srv/artifacts --limit 10
              bst-artifact repo log --repo /srv/artifacts 'hello/*'

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

    private func matches(_ record: PushRecord) -> Bool {
        guard let pattern else { return true }
        return record.refs.contains { RefPatterns.matches($0.ref, pattern) }
    }

    private func show(_ record: PushRecord) {
        let pusher = record.pusher
        let who = [pusher.name, pusher.key, pusher.address].filter { !$0.isEmpty }.map { $0.forDisplay() }
        local.terminal.print(
            "\(Format.date(UInt64(clamping: record.time)))  \(who.isEmpty ? "somebody" : who.joined(separator: " ")): "
                + "\(Format.count(record.objects, "object")), \(Format.bytes(record.bytes))")
        for ref in record.refs {
            switch (ref.old, ref.new) {
            case (_, nil): local.terminal.print("  \(ref.ref): deleted")
            case (nil, .some(let new)): local.terminal.print("  \(ref.ref): new, at \(new)")
            case (.some(let old), .some(let new)):
                local.terminal.print("  \(ref.ref): from \(old) to \(new)")
            }
        }
        local.terminal.emit([
            "time": JSON(record.time), "key": JSON(pusher.key), "name": JSON(pusher.name),
            "address": JSON(pusher.address), "objects": JSON(record.objects), "bytes": JSON(record.bytes),
            "refs": .array(
                record.refs.map { ["ref": JSON($0.ref), "old": JSON($0.old), "new": JSON($0.new)] }),
        ])
    }
}
