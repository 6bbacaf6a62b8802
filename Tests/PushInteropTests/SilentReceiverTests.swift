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

    @Test func `One that says goodbye and stays is told to go`() throws {
        let shop = try Workshop()
        try shop.commit("a/b/c")
        let result = try push(shop, to: "exec >&-; exec sleep 100")
        #expect(!result.succeeded)
    }
}
