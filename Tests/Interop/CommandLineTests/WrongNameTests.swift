// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What is said to those who name something else than a ref, or have none.
@Suite("A name that is no ref") struct WrongNameTests {
    @Test("has a sentence of its own, which names the remedy")
    func sentences() throws {
        let shell = try Shell()
        let long = String(repeating: "long/", count: 801) + "x"
        for (name, words) in [
            ("x:os/1", ["is a ref that was pulled from the remote x", "ostree refs --create=os/1 x:os/1"]),
            (shell.first, ["is a commit", "ostree refs --create=REF \(shell.first)"]),
            (long, ["too long", "4006 bytes", "at most 4000"]),
            ("a/" + String(repeating: "b", count: 256), ["too long", "256 bytes", "at most 255"]),
            ("../x", ["is not a ref name"]),
        ] {
            let result = try shell.run("bst-artifact push --repo mine --remote \(shell.cache) \(name)")
            #expect(result.status == .exited(3), "\(result.errorText)")
            for word in words { #expect(result.errorText.contains(word), "\(result.errorText)") }
        }
    }

    @Test("is what a repository has that only pulled: push --all says which, and its remedy works")
    func foreign() throws {
        let shell = try Shell()
        let empty = shell.directory.path("pulled")
        try OSTreeCommand.initRepo(empty, mode: .bareUser)
        #expect(
            try shell.well("bst-artifact push --repo pulled --remote \(shell.cache) --all").text.contains(
                "nothing to push"))
        for place in ["remotes/x/os", "mirrors/org.example.OS/os"] {
            try shell.directory.file("pulled/refs/\(place)/1", shell.first + "\n")
            try shell.well("ostree --repo=pulled pull-local mine \(shell.first)")
            let result = try shell.run("bst-artifact push --repo pulled --remote \(shell.cache) --all")
            #expect(result.status == .exited(3), "\(result.text)")
            let isMirror = place.hasPrefix("mirrors")
            #expect(
                result.errorText.contains(isMirror ? "such as (org.example.OS, os/1)" : "such as x:os/1"),
                "\(result.errorText)")
            let remedy = try #require(
                result.errorText.split(separator: "'").first { $0.hasPrefix("ostree refs") })
            try shell.well(String(remedy))
            try shell.well("bst-artifact push --repo pulled --remote \(shell.cache) --all")
            #expect(try OSTreeCommand.revParse(shell.cache, "os/1") == shell.first)
            try shell.well("ostree --repo=pulled refs --delete os/1")
            try FileManager.default.removeItem(atPath: shell.directory.path("pulled/refs/\(place)"))
        }
    }
}
