// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct DeleteTests {
    private func stageWithRefs() throws -> Stage {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all")
        return stage
    }

    @Test func `All refs go that were named, and the summary shows it`() throws {
        let stage = try stageWithRefs()
        let program = try stage.receiver("--allow-delete")
        try stage.well(
            "bst-artifact delete --remote \(stage.cache) --receiver \(program) hello/base/4f2a world/app/11aa"
        )
        #expect(try OSTreeCommand.refs(stage.cache) == ["hello/base/97c1"])
        #expect(try stage.well("bst-artifact list --remote \(stage.cache)").lines == ["hello/base/97c1"])
        try OSTreeCommand.fsck(stage.cache)
        // They can come again.
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all")
        #expect(try OSTreeCommand.refs(stage.cache).count == 3)
    }

    @Test(arguments: [
        ("", "hello/base/4f2a", "does not let its clients delete refs"),
        ("--allow-delete --read-only", "hello/base/4f2a", "takes no pushes"),
        (
            "--allow-delete --deny-ref 'hello/*'", "world/app/11aa hello/base/4f2a",
            "may not be deleted with this key"
        ),
        ("--allow-delete --pre-receive /bin/false", "hello/base/4f2a", "the cache's own check"),
        ("--allow-delete", "world/app/11aa no/such/ref", "has no ref no/such/ref, so nothing is deleted"),
    ])
    func `What may not be deleted stays, all of it`(_ options: String, _ refs: String, _ words: String) throws
    {
        let stage = try stageWithRefs()
        let result = try stage.run(
            "bst-artifact delete --remote \(stage.cache) --receiver \(stage.receiver(options)) \(refs)")
        #expect(result.failed && result.errorText.contains(words), "\(result.errorText)")
        #expect(try OSTreeCommand.refs(stage.cache).count == 3)
    }

    @Test func `Hooks hear of what goes`() throws {
        let stage = try stageWithRefs()
        let hook = try stage.program("hook", "cat > \(stage.directory.path("heard"))")
        let program = try stage.receiver("--allow-delete --post-receive \(hook)")
        try stage.well("bst-artifact delete --remote \(stage.cache) --receiver \(program) hello/base/4f2a")
        let heard = try String(contentsOfFile: stage.directory.path("heard"), encoding: .utf8)
        #expect(heard == "\(stage.first) \(String(repeating: "0", count: 64)) hello/base/4f2a\n")
    }

    @Test func `A receiver of another kind is said not to allow it`() throws {
        let stage = try stageWithRefs()
        let program = try stage.program(
            "python", "exec \(Programs.peersPython()) \(Programs.peerScript()) receive \"$@\"")
        let result = try stage.run(
            "bst-artifact delete --remote \(stage.cache) --receiver \(program) hello/base/4f2a")
        #expect(result.status == .exited(5), "\(result.errorText)")
        #expect(try OSTreeCommand.refs(stage.cache).count == 3)
    }
}
