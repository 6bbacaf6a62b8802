// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// After a push to a receiver with `--deltas`, the cache gets static deltas, and nobody ran `ostree static-delta`.
@Suite struct DeltasAfterPushTests {
    private let stage: Stage

    init() throws {
        stage = try Stage()
    }

    private func push(_ ref: String) throws {
        expectSuccess(try stage.push([ref], receiver: ["--deltas"]))
    }

    private var deltas: Set<String> {
        let lines = (try? OSTreeCommand.lines(stage.cache, ["static-delta", "list"])) ?? []
        return Set(lines.filter { !$0.hasPrefix("(") })
    }

    private var requests: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(stage.cache)/state/bst-artifact-deltas"))
            ?? []
    }

    @Test func `They lead from nothing and from the ref's last commit, and the summary lists them`() throws {
        let first = try stage.commit("os/1", text: "first")
        try push("os/1")
        #expect(eventually { deltas == [first] && requests.isEmpty })
        let second = try stage.commit("os/1", text: "second")
        try push("os/1")
        #expect(
            eventually { deltas == [first, second, "\(first)-\(second)"] && requests.isEmpty })
        #expect(
            eventually {
                let summary = try? OSTreeCommand.lines(stage.cache, ["summary", "--view"]).joined(
                    separator: "\n")
                return summary?.contains("\(first)-\(second)") == true
            })
        let target = stage.directory.path("target")
        try OSTreeCommand.initRepo(target, mode: .bareUser)
        expectSuccess(
            try stage.artifact(["pull", "--repo", target, "--remote", stage.cache, "--deltas=always", "os/1"])
        )
        try OSTreeCommand.fsck(target)
    }

    @Test func `A receiver without the option makes none, and one with it makes up for a crash`() throws {
        let first = try stage.commit("os/1", text: "first")
        expectSuccess(try stage.push(["os/1"]))
        #expect(deltas.isEmpty && requests.isEmpty)
        try stage.directory.file("cache/state/bst-artifact-deltas/\(first)", "")
        let gone = String(repeating: "a", count: 64)
        try stage.directory.file("cache/state/bst-artifact-deltas/\(gone)", "")
        let other = try stage.commit("os/2", text: "other")
        try push("os/2")
        #expect(eventually { deltas == [first, other] && requests.isEmpty })
    }
}
