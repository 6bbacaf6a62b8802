// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import WireSamples

extension HostileDelta {
    private static let ref = "with/delta"

    /// Has the client pull the delta, then the same commit whatever its delta is.
    func pull(_ result: inout AttackResult) throws {
        let directory = try TemporaryDirectory(inMemory: true)
        let (remote, target) = (directory.path("remote"), directory.path("target"))
        try OSTreeCommand.initRepo(remote, mode: .archive)
        try OSTreeCommand.initRepo(target, mode: .archive)
        let delta = try delta()
        try directory.write(
            delta.commit.objects, HostileDelta.ref, at: "\(delta.commit.checksum)", into: "remote")
        try directory.file("remote/\(delta.path)/superblock", delta.superblock())
        let before = try Reader.snapshot(target)
        let pull = try [Programs.artifact(), "pull", "--repo", target, "--remote", remote, HostileDelta.ref]
        let environment: [String: String?] = [
            "XDG_CONFIG_HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent",
        ]
        guard
            let ended = try result.measure(
                pull + ["--deltas=always"], in: directory, environment: environment)
        else { return }
        result.require(ended.failed, "it ends with \(ended.status): \(ended.errorText)")
        if case .refusal(let words) = result.attack.outcome {
            result.attack.checkMessage(ended, words + ["Error: "], &result)
        }
        let changes = try Reader.snapshot(target).differences(from: before)
        result.require(changes.isEmpty, "the repository is changed: \(changes)")
        let garbage = try Reader.garbage(target)
        result.require(garbage.isEmpty, "a quarantine is left behind: \(garbage)")

        let again = try run(pull, environment: environment)
        result.require(again.succeeded, "a pull without the delta fails: \(again.errorText)")
        do {
            try OSTreeCommand.fsck(target)
            let found = try OSTreeCommand.revParse(target, HostileDelta.ref)
            result.require(found == "\(delta.commit.checksum)", "the ref is at \(found)")
        } catch {
            result.problems.append("the repository is damaged: \(error)")
        }
    }
}
