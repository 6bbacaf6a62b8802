// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Messages to users who name something that is no ref, or have no refs.
@Suite struct WrongNameTests {
    @Test func `A name that is no ref has a sentence of its own, which names the remedy`() throws {
        let stage = try Stage.withArtifacts()
        let long = String(repeating: "long/", count: 801) + "x"
        for (name, words) in [
            ("x:os/1", ["is a ref that was pulled from the remote x", "ostree refs --create=os/1 x:os/1"]),
            (stage.first, ["is a commit", "ostree refs --create=REF \(stage.first)"]),
            (long, ["too long", "4006 bytes", "at most 4000"]),
            ("a/" + String(repeating: "b", count: 256), ["too long", "256 bytes", "at most 255"]),
            ("../x", ["is not a ref name"]),
        ] {
            let result = try stage.run("bst-artifact push --repo mine --remote \(stage.cache) \(name)")
            #expect(result.status == .exited(3), "\(result.errorText)")
            for word in words { #expect(result.errorText.contains(word), "\(result.errorText)") }
        }
    }

    @Test
    func `A repository that only pulled has no refs to push: push --all says so, and its remedy works`()
        throws
    {
        let stage = try Stage.withArtifacts()
        let empty = stage.directory.path("pulled")
        try OSTreeCommand.initRepo(empty, mode: .bareUser)
        #expect(
            try stage.well("bst-artifact push --repo pulled --remote \(stage.cache) --all").text.contains(
                "nothing to push"))
        for place in ["remotes/x/os", "mirrors/org.example.OS/os"] {
            try stage.directory.file("pulled/refs/\(place)/1", stage.first + "\n")
            try stage.well("ostree --repo=pulled pull-local mine \(stage.first)")
            let result = try stage.run("bst-artifact push --repo pulled --remote \(stage.cache) --all")
            #expect(result.status == .exited(3), "\(result.text)")
            let isMirror = place.hasPrefix("mirrors")
            #expect(
                result.errorText.contains(isMirror ? "such as (org.example.OS, os/1)" : "such as x:os/1"),
                "\(result.errorText)")
            let remedy = try #require(
                result.errorText.split(separator: "'").first { $0.hasPrefix("ostree refs") })
            try stage.well(String(remedy))
            try stage.well("bst-artifact push --repo pulled --remote \(stage.cache) --all")
            #expect(try OSTreeCommand.revParse(stage.cache, "os/1") == stage.first)
            try stage.well("ostree --repo=pulled refs --delete os/1")
            try FileManager.default.removeItem(atPath: stage.directory.path("pulled/refs/\(place)"))
        }
    }
}
