// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactRepository
import TextCoding

struct RepoRecoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Cleans up a repository after crashes.",
        discussion: """
            Receivers do this by themselves. An interrupted change of several refs is completed, or undone if it cannot be \
            completed; remains of interrupted pushes and pulls are removed once they can no longer be resumed.
            """)

    @OptionGroup var local: LocalOptions

    func run() throws {
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
}
