// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import TextCoding

/// What a push to one cache did, or would do.
struct PushResult {
    let remote: RemoteAddress
    let report: PushReport
    let milliseconds: UInt64
    let isDryRun: Bool

    var isComplete: Bool { report.isComplete }

    func show(on terminal: Terminal) {
        let would = isDryRun ? "would be " : ""
        for entry in report.entries {
            switch entry.outcome {
            case .pushed(nil): terminal.say("\(entry.ref): \(would)new, at \(entry.commit)")
            case .pushed(.some(let old)):
                terminal.say("\(entry.ref): \(isDryRun ? "would move " : "")from \(old) to \(entry.commit)")
            case .sent:
                terminal.say(
                    "\(entry.ref): \(would)sent, at \(entry.commit); \(remote) does not tell where the ref is"
                )
            case .kept(let theirs):
                terminal.say(
                    "\(entry.ref): there already, at \(theirs), where \(remote) keeps it; ours is \(entry.commit)"
                )
            case .upToDate: terminal.say("\(entry.ref): there already, at \(entry.commit)")
            case .diverged(let theirs):
                terminal.fail(
                    "cannot push \(entry.ref): \(remote) has it at \(theirs), which is not an ancestor of our \(entry.commit), as "
                        + "far as its history is here: pull theirs and commit on top of it, or ask to have it replaced with "
                        + "--force")
            }
        }
        let objects = Format.count(report.objects, "object")
        terminal.say(
            isDryRun
                ? "would push at most \(objects) to \(remote), less what it has already"
                : "pushed \(objects), \(Format.bytes(report.bytes)) in \(Format.seconds(milliseconds)) to \(remote)"
        )
    }

    var json: JSON {
        let refs = report.entries.map { entry -> JSON in
            let (outcome, other): (String, Checksum?) =
                switch entry.outcome {
                case .pushed(let old): (old == nil ? "new" : "moved", old)
                case .kept(let theirs): ("kept", theirs)
                case .upToDate: ("unchanged", entry.commit)
                case .diverged(let theirs): ("diverged", theirs)
                case .sent: ("sent", nil)
                }
            return [
                "ref": JSON(entry.ref), "commit": JSON(entry.commit), "outcome": JSON(outcome),
                "remoteCommit": JSON(other),
            ]
        }
        return [
            "remote": JSON(remote), "refs": .array(refs), "objects": JSON(report.objects),
            "bytes": JSON(report.bytes), "milliseconds": JSON(milliseconds),
        ]
    }
}
