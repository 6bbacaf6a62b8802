// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Receivers that are there and do nothing.
@Suite struct SilentReceiverTests {
    private func push(_ shop: Workshop, to script: String) throws -> ProcessResult {
        let path = try shop.directory.file("receiver", "#!/bin/sh\n\(script)\n")
        chmod(path, 0o755)
        return try Client.push(
            ["a/b/c"], from: shop.source, to: shop.cache, ["--receiver", path, "--timeout", "1"])
    }

    @Test(arguments: ["exec sleep 100", "cat > /dev/null; exec sleep 100"])
    func `One that never answers is given up on`(script: String) throws {
        let shop = try Workshop()
        try shop.commit("a/b/c")
        try expectFailure("does nothing for 1 seconds", status: 1, unchanged: [shop.cache]) {
            try push(shop, to: script)
        }
    }

    @Test func `One that stops reading is given up on`() throws {
        let shop = try Workshop()
        let tree = try shop.directory.folder("tree")
        try Data(SampleTree.noise(count: 4 << 20, seed: 5)).write(to: URL(fileURLWithPath: "\(tree)/large"))
        try OSTreeCommand.commit(shop.source, tree: tree, refs: ["a/b/c"])
        // It answers what is asked first, and then sleeps on the objects.
        let answers = try shop.directory.file("answers", Frame.info() + Frame.accepted)
        try expectFailure("does nothing for 1 seconds", status: 1, unchanged: [shop.cache]) {
            try push(shop, to: "cat '\(answers)'; exec sleep 100")
        }
    }

    @Test(arguments: [["pull", "a/b/c"], ["list"]])
    func `One that does not say where to pull from is given up on`(command: [String]) throws {
        let shop = try Workshop()
        // It stands in for ssh, so it goes for what is at a remote.
        let path = try shop.directory.file("ssh", "#!/bin/sh\nexec sleep 100\n")
        chmod(path, 0o755)
        let repository = command[0] == "pull" ? ["--repo", shop.source] : []
        let options = ["--remote", "ssh://host/cache", "--ssh", path, "--timeout", "1"]
        try expectFailure("does nothing for 1 seconds", status: 1, unchanged: [shop.source]) {
            try Client.run(command + repository + options, timeout: 30)
        }
    }

    @Test func `One that says goodbye and stays is told to go`() throws {
        let shop = try Workshop()
        try shop.commit("a/b/c")
        let result = try push(shop, to: "exec >&-; exec sleep 100")
        #expect(!result.succeeded)
    }
}
