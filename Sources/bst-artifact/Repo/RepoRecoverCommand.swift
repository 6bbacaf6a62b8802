// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactBucket
import ArtifactRepository
import TextCoding

struct RepoRecoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Cleans up a repository after crashes.",
        discussion: """
            Receivers do this by themselves. An interrupted change of several refs is completed, or undone if it cannot be \
            completed; remains of interrupted pushes and pulls are removed once they can no longer be resumed. In a bucket, all \
            keys by which other programs read refs are looked at, and the summary is updated.
            """)

    @OptionGroup var bucket: BucketArgument
    @OptionGroup var local: LocalOptions

    func run() throws {
        if let store = try bucket.open(local, try Interruption.cancellation()) { return try run(store) }
        let repository = try local.openForChanges()
        let report = try repository.recoverAll()
        for ref in report.completed { local.terminal.say("\(ref): moved, as it was meant to") }
        for ref in report.undone { local.terminal.say("\(ref): moved back, since its commit is gone") }
        if report.hasDroppedJournal {
            local.terminal.warn(
                "the journal of refs was unreadable, so nothing could be done about it; it is removed")
        }
        if report.removedQuarantines > 0 {
            let count = Format.count(report.removedQuarantines, "left-over quarantine")
            local.terminal.say("\(repository.path): \(count) removed")
        }
        local.terminal.emit([
            "repository": JSON(repository.path), "completed": JSON(report.completed),
            "undone": JSON(report.undone),
            "removedQuarantines": JSON(report.removedQuarantines),
        ])
        if report == RecoveryReport() { local.terminal.say("\(repository.path): nothing to do") }
    }

    private func run(_ store: BucketStore) throws {
        let progress = local.terminal.progress("looking at \(store.location)")
        defer { progress.clear() }
        let report = try store.recoverAllViews { progress.show(Format.count($0, "ref")) }
        do {
            if try SummaryView(of: store).size() != nil { _ = try SummaryView(of: store).update() }
        } catch let error as RepositoryError where error.code == .notAllowed {
            local.terminal.warn("\(error)")
        }
        progress.clear()
        local.terminal.emit([
            "repository": JSON(store.location), "refs": JSON(report.refs), "written": JSON(report.written),
        ])
        local.terminal.say(
            report.written == 0
                ? "\(store.location): nothing to do"
                : "\(store.location): \(Format.count(report.written, "ref")) of \(report.refs) written for other programs"
        )
    }
}
