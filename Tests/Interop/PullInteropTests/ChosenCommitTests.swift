// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Pulls of a commit that is not the one that the remote's ref points to.
@Suite struct ChosenCommitTests {
    @Test func `A ref goes back to an earlier commit of the remote, and forward again`() throws {
        let stage = try Stage(.bareUser)
        let first = try stage.commit("os/1", text: "1", in: stage.cache)
        let second = try stage.commit("os/1", text: "2", parent: first, in: stage.cache)
        func pull(_ words: String...) throws -> ProcessResult {
            try stage.artifact(["pull", "--repo", stage.mine, "--remote", stage.cache] + words)
        }
        expectSuccess(try pull("os/1"))
        expectSuccess(try pull("os/1@\(first)"))
        try expectArrived(["os/1"], at: first, in: stage.mine)
        let planned = try pull("--dry-run", "os/1@\(second)")
        #expect(planned.succeeded && planned.text.contains(second), "\(planned.text)")
        expectSuccess(try pull("os/1"))
        try expectArrived(["os/1"], at: second, in: stage.mine)
    }

    @Test func `A ref goes to one commit`() throws {
        let stage = try Stage(.bareUser)
        let commits = ["a", "b"].map { String(repeating: $0, count: 64) }
        for words in [commits.map { "os/1@\($0)" }, ["os/1", "os/1@\(commits[0])"]] {
            try expectFailure("A ref goes to one commit: give ", status: 64, unchanged: [stage.mine]) {
                try stage.artifact(["pull", "--repo", stage.mine, "--remote", stage.cache] + words)
            }
        }
    }

    @Test func `A commit that the remote lacks is told, and nothing moves`() throws {
        let stage = try Stage(.bareUser)
        try stage.commit("os/1", in: stage.cache)
        let unknown = String(repeating: "ab", count: 32)
        try expectFailure("\(unknown).commit", unchanged: [stage.mine]) {
            try stage.artifact(["pull", "--repo", stage.mine, "--remote", stage.cache, "os/1@\(unknown)"])
        }
    }
}
