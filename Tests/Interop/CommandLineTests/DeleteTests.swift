// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct DeleteTests {
    private func shellWithRefs() throws -> Shell {
        let shell = try Shell()
        try shell.well("bst-artifact push --repo mine --remote \(shell.cache) --all")
        return shell
    }

    @Test func `All refs go that were named, and the summary shows it`() throws {
        let shell = try shellWithRefs()
        let program = try shell.receiver("--allow-delete")
        try shell.well(
            "bst-artifact delete --remote \(shell.cache) --receiver \(program) hello/base/4f2a world/app/11aa"
        )
        #expect(try OSTreeCommand.refs(shell.cache) == ["hello/base/97c1"])
        #expect(try shell.well("bst-artifact list --remote \(shell.cache)").lines == ["hello/base/97c1"])
        try OSTreeCommand.fsck(shell.cache)
        // They can come again.
        try shell.well("bst-artifact push --repo mine --remote \(shell.cache) --all")
        #expect(try OSTreeCommand.refs(shell.cache).count == 3)
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
        let shell = try shellWithRefs()
        let result = try shell.run(
            "bst-artifact delete --remote \(shell.cache) --receiver \(shell.receiver(options)) \(refs)")
        #expect(result.failed && result.errorText.contains(words), "\(result.errorText)")
        #expect(try OSTreeCommand.refs(shell.cache).count == 3)
    }

    @Test func `Hooks hear of what goes`() throws {
        let shell = try shellWithRefs()
        let hook = try shell.program("hook", "cat > \(shell.directory.path("heard"))")
        let program = try shell.receiver("--allow-delete --post-receive \(hook)")
        try shell.well("bst-artifact delete --remote \(shell.cache) --receiver \(program) hello/base/4f2a")
        let heard = try String(contentsOfFile: shell.directory.path("heard"), encoding: .utf8)
        #expect(heard == "\(shell.first) \(String(repeating: "0", count: 64)) hello/base/4f2a\n")
    }

    @Test func `A receiver of another kind is said not to allow it`() throws {
        let shell = try shellWithRefs()
        let program = try shell.program(
            "python", "exec \(Programs.peersPython()) \(Programs.peerScript()) receive \"$@\"")
        let result = try shell.run(
            "bst-artifact delete --remote \(shell.cache) --receiver \(program) hello/base/4f2a")
        #expect(result.status == .exited(5), "\(result.errorText)")
        #expect(try OSTreeCommand.refs(shell.cache).count == 3)
    }
}
