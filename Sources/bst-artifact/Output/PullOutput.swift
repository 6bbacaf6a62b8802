// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import TextCoding

/// The results of a pull from one cache, as text and as JSON.
struct PullOutput {
    let remote: RemoteAddress
    let report: PullReport
    /// The commits, of those that were asked for, that no ref points to.
    let unreferenced: Set<Checksum>
    let duration: Duration
    let isDryRun: Bool

    func show(on terminal: Terminal) {
        let would = isDryRun ? "would be " : ""
        for entry in report.entries {
            let ref = report.place.shown(entry.ref)
            switch entry.previous {
            case nil: terminal.say("\(ref): \(would)new, at \(entry.commit)")
            case entry.commit: terminal.say("\(ref): there already, at \(entry.commit)")
            case .some(let old):
                terminal.say("\(ref): \(isDryRun ? "would move " : "")from \(old) to \(entry.commit)")
            }
            if let addition = entry.addition { terminal.say("\(entry.ref): \(addition.text) added") }
            if let warning = warning(entry) { terminal.warn(warning) }
        }
        for entry in report.commits {
            let state = entry.wasHere ? "there already" : isDryRun ? "would be new" : "new"
            let hint =
                unreferenced.contains(entry.commit) && !isDryRun
                ? "; no ref points to it, so 'repo expire' and 'ostree prune' remove it" : ""
            terminal.say("\(entry.commit): \(state)\(hint)")
        }
        for end in report.historyEnds {
            let lack = isDryRun ? "is not here" : "\(remote) lacks"
            terminal.say("history ends at \(end.commit), whose parent \(end.missingParent) \(lack)")
        }
        if !isDryRun {
            let ancestors =
                report.ancestors == 0 ? "" : " (with \(Format.count(report.ancestors, "earlier commit")))"
            terminal.say(
                "pulled \(Format.count(report.objects, "object"))\(ancestors), \(Format.bytes(report.bytes)) in "
                    + "\(Format.seconds(duration)) from \(remote)")
        }
    }

    private func warning(_ entry: PullReport.Entry) -> String? {
        guard entry.isOlder, let times = entry.times, let previous = entry.previous else { return nil }
        return
            "\(report.place.shown(entry.ref)) \(isDryRun ? "would move" : "moved") to an older commit: \(remote) has \(entry.commit) of "
            + "\(CalendarTime.text(times.now)), and \(previous) of \(CalendarTime.text(times.before)) "
            + "\(isDryRun ? "is" : "was") here: a mirror or web cache may be behind, and --no-older refuses such moves"
    }

    var json: JSON {
        let refs = report.entries.map { entry -> JSON in
            let outcome = !entry.isChanged ? "unchanged" : entry.previous == nil ? "new" : "moved"
            return [
                "ref": JSON(entry.ref), "localRef": JSON(report.place.shown(entry.ref)),
                "commit": JSON(entry.commit), "outcome": JSON(outcome),
                "previousCommit": JSON(entry.previous), "timestamp": JSON(entry.times?.now),
                "previousTimestamp": JSON(entry.times?.before), "isOlder": JSON(entry.isOlder),
                "laterMetadata": entry.addition?.json(outcome: "added") ?? .null,
            ]
        }
        let ends = report.historyEnds.map { end -> JSON in
            ["commit": JSON(end.commit), "missingParent": JSON(end.missingParent)]
        }
        let commits = report.commits.map { entry -> JSON in
            [
                "commit": JSON(entry.commit), "outcome": JSON(entry.wasHere ? "unchanged" : "new"),
                "hasRef": JSON(!unreferenced.contains(entry.commit)),
            ]
        }
        return [
            "remote": JSON(remote), "refs": .array(refs), "commits": .array(commits),
            "ancestors": JSON(report.ancestors),
            "historyEnds": .array(ends), "objects": JSON(report.objects),
            "bytes": JSON(report.bytes), "milliseconds": JSON(Int(duration / .milliseconds(1))),
        ]
    }
}
