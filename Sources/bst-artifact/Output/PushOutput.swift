// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import TextCoding

/// The results of a push to one cache, as text and as JSON.
struct PushOutput {
    let remote: RemoteAddress
    let report: PushReport
    let duration: Duration
    let isDryRun: Bool
    let historyFilling: HistoryFilling

    var isComplete: Bool { report.isComplete }

    func show(on terminal: Terminal) {
        let would = isDryRun ? "would be " : ""
        for result in report.results {
            let (ref, ours) = (result.ref, Checksum.hexOrZeros(result.new))
            switch (result.outcome, result.old) {
            case (.moved, nil): terminal.say("\(ref): \(would)new, at \(ours)")
            case (.moved, .some(let old)):
                terminal.say("\(ref): \(isDryRun ? "would move " : "")from \(old) to \(ours)")
            case (.sent, _):
                terminal.say("\(ref): \(would)sent, at \(ours); \(remote) does not tell where the ref is")
            case (.kept, let theirs):
                terminal.say(
                    "\(ref): there already, at \(Checksum.hexOrZeros(theirs)), where \(remote) keeps it; ours is \(ours)"
                )
            case (.unchanged, _): terminal.say("\(ref): there already, at \(ours)")
            case (.diverged, let theirs):
                terminal.fail(
                    "cannot push \(ref): \(remote) has it at \(Checksum.hexOrZeros(theirs)), which is not an ancestor of our "
                        + "\(ours), as far as its history is here: pull theirs and commit on top of it, or ask to have it "
                        + "replaced with --force")
            }
            show(report.laterMetadata[ref], of: ref, on: terminal)
        }
        showHistory(on: terminal)
        let objects = Format.count(report.objects, "object")
        terminal.say(
            isDryRun
                ? "would push at most \(objects) to \(remote), less what it has already"
                : "pushed \(objects), \(Format.bytes(report.bytes)) in \(Format.seconds(duration)) to \(remote)"
        )
    }

    private func show(_ later: LaterMetadata?, of ref: RefName, on terminal: Terminal) {
        switch later {
        case .added(let addition):
            terminal.say("\(ref): \(addition.text) \(isDryRun ? "would be " : "")added")
        case .lacking(let addition):
            terminal.fail(
                "\(addition.text) of \(ref) \(isDryRun ? "would not reach" : "did not reach") \(remote): its receiver takes "
                    + "none for a commit that is there already; have the receiver updated, or the commit signed there"
            )
        case .untold(let addition):
            terminal.say("\(ref): \(remote) does not tell whether it has the commit's \(addition.text)")
        case nil: break
        }
    }

    private func showHistory(on terminal: Terminal) {
        if report.filledIn > 0 {
            terminal.say("filled in \(Format.count(report.filledIn, "earlier commit")) that \(remote) lacked")
        }
        if report.cannotFillHistory {
            terminal.warn(
                "no history was filled in: the receiver of \(remote) does not tell what it lacks, since it is of an older "
                    + "release, so ask its administrator for a new one")
        }
        if let refusal = report.historyRefusal {
            terminal.warn("no history was filled in, since \(refusal)")
        }
        let isFilled = historyFilling == .all || report.filledIn > 0
        guard isDryRun || !isFilled, let first = report.historyGaps.first else { return }
        let others = report.historyGaps.count - 1
        let more = others == 0 ? "" : ", as does that of \(Format.count(others, "other ref"))"
        let remedy =
            isDryRun && historyFilling != .never
            ? "the rest would be sent" : "--fill-history sends the rest"
        terminal.say(
            "the history of \(first.ref) ends at \(first.end) there, and goes on here\(more): \(remedy)")
    }

    var json: JSON {
        let refs = JSON(report.results) { result in
            let outcome = result.outcome == .moved && result.old == nil ? "new" : result.outcome.rawValue
            return [
                "ref": JSON(result.ref), "commit": JSON(result.new), "outcome": JSON(outcome),
                "remoteCommit": JSON(result.old), "laterMetadata": json(report.laterMetadata[result.ref]),
            ]
        }
        let gaps = report.historyGaps.map { gap -> JSON in ["ref": JSON(gap.ref), "commit": JSON(gap.end)] }
        return [
            "remote": JSON(remote), "refs": refs, "filledIn": JSON(report.filledIn),
            "historyGaps": .array(gaps), "objects": JSON(report.objects),
            "bytes": JSON(report.bytes), "milliseconds": JSON(Int(duration / .milliseconds(1))),
        ]
    }

    private func json(_ later: LaterMetadata?) -> JSON {
        switch later {
        case .added(let addition): addition.json(outcome: "added")
        case .lacking(let addition): addition.json(outcome: "lacking")
        case .untold(let addition): addition.json(outcome: "untold")
        case nil: .null
        }
    }
}
