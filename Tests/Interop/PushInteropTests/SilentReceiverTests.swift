// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Receivers that are there and do nothing.
@Suite struct SilentReceiverTests {
    private func push(_ stage: Stage, to script: String) throws -> ProcessResult {
        let path = try stage.program("receiver", script)
        return try stage.push(["a/b/c"], ["--receiver", path, "--timeout", "1"])
    }

    @Test(arguments: ["exec sleep 100", "cat > /dev/null; exec sleep 100"])
    func `One that never answers is given up on`(script: String) throws {
        let stage = try Stage()
        try stage.commit("a/b/c")
        try expectFailure("does nothing for 1 seconds", status: 1, unchanged: [stage.cache]) {
            try push(stage, to: script)
        }
    }

    @Test func `One that stops reading is given up on`() throws {
        let stage = try Stage()
        let tree = try stage.directory.makeDirectory("tree")
        try Data(SampleTree.noise(count: 4 << 20, seed: 5)).write(to: URL(fileURLWithPath: "\(tree)/large"))
        try OSTreeCommand.commit(stage.mine, tree: tree, refs: ["a/b/c"])
        // It answers what is asked first, and then sleeps on the objects.
        let answers = try stage.directory.file("answers", Frame.info() + Frame.accepted)
        try expectFailure("does nothing for 1 seconds", status: 1, unchanged: [stage.cache]) {
            try push(stage, to: "cat '\(answers)'; exec sleep 100")
        }
    }

    @Test(arguments: [["pull", "a/b/c"], ["list"]])
    func `One that does not say where to pull from is given up on`(command: [String]) throws {
        let stage = try Stage()
        // It stands in for ssh, so it goes for what is at a remote.
        let path = try stage.program("ssh", "exec sleep 100")
        let repository = command[0] == "pull" ? ["--repo", stage.mine] : []
        let options = ["--remote", "ssh://host/cache", "--ssh", path, "--timeout", "1"]
        try expectFailure("does nothing for 1 seconds", status: 1, unchanged: [stage.mine]) {
            try stage.artifact(command + repository + options)
        }
    }

    @Test func `One that says goodbye and stays is told to go`() throws {
        let stage = try Stage()
        try stage.commit("a/b/c")
        let result = try push(stage, to: "exec >&-; exec sleep 100")
        #expect(!result.succeeded)
    }
}
