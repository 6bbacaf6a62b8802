// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct DryRunTests {
    /// Everything in a repository except its record of its own size.
    private func snapshot(_ path: String) throws -> TreeSnapshot {
        try TreeSnapshot(path, excluding: ["state/bst-artifact-complete"])
    }

    @Test func `A dry run changes neither side, and says what the real one then does`() throws {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) hello/base/4f2a")
        try stage.well("bst-artifact init --mode bare-user other")
        let (cache, other) = (try snapshot(stage.cache), try snapshot(stage.directory.path("other")))
        let push = try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all -n").text
        #expect(push.contains("hello/base/97c1: would be new, at \(stage.first)"))
        #expect(push.contains("hello/base/4f2a: there already"))
        #expect(push.contains("world/app/11aa: would be new"))
        let pull = try stage.well("bst-artifact pull --repo other --remote \(stage.cache) hello/base/4f2a -n")
            .text
        #expect(pull == "hello/base/4f2a: would be new, at \(stage.first)\n")
        let expire = try stage.well("bst-artifact repo expire --repo cache --max-size 1 -n").text
        #expect(expire.contains("1 ref would go"))
        #expect(try snapshot(stage.cache).differences(from: cache) == [])
        #expect(try snapshot(stage.directory.path("other")).differences(from: other) == [])
        #expect(
            try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all").text
                .contains("hello/base/97c1: new, at \(stage.first)"))
    }
}
