// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The choice of the refs that are pushed, and their names in the cache.
@Suite struct PushedNameTests {
    private let stage: Stage

    init() throws { stage = try Stage() }

    @Test func `A ref is pushed under another name, and its own stays away`() throws {
        let commit = try stage.commit("os/testing")
        expectSuccess(try stage.push(["os/testing"], ["--as", "os/stable"]))
        try stage.expectArrived(["os/stable"], at: commit)
        #expect(try Reader.refs(stage.cache) == ["os/stable": commit])
    }

    @Test(arguments: ["x:os/1", "(org.example.OS, os/1)", "COMMIT"])
    func `A ref of a remote or mirror, and a commit, are pushed under a name`(word: String) throws {
        let commit = try stage.commit("os/testing")
        for place in ["remotes/x/os", "mirrors/org.example.OS/os"] {
            try stage.directory.file("mine/refs/\(place)/1", commit + "\n")
        }
        let source = word == "COMMIT" ? commit : word
        expectSuccess(try stage.push([source], ["--as", "os/1"]))
        try stage.expectArrived(["os/1"], at: commit)
    }

    @Test(arguments: ["os/none", "x:os/2", String(repeating: "0", count: 64), "no ref//"])
    func `What is not there cannot be pushed under a name`(word: String) throws {
        try stage.commit("os/testing")
        try stage.directory.file("mine/refs/remotes/x/os/1", "no commit\n")
        try expectFailure("has no ref or commit '\(word)'", status: 3, unchanged: [stage.cache]) {
            try stage.push([word], ["--as", "os/1"])
        }
    }

    @Test(arguments: [["a", "b", "--as", "c"], ["--all", "--as", "c"]])
    func `One name is for one ref`(arguments: [String]) throws {
        try expectFailure("--as gives one ref another name", status: 64, unchanged: [stage.cache]) {
            try stage.push([], arguments)
        }
    }

    @Test func `No one ref is left out`() throws {
        try stage.commit("os/one")
        try expectFailure("and --as pushes one", status: 64, unchanged: [stage.cache]) {
            try stage.push(["os/one"], ["--as", "os/two", "--exclude", "os/*"])
        }
    }

    @Test func `Refs that match are left out, of all and of those that are named`() throws {
        let commit = try stage.commit("os/one", "os/two", "debug/os/one")
        expectSuccess(try stage.push([], ["--all", "--exclude", "debug/*", "--exclude", "*/two"]))
        #expect(try Reader.refs(stage.cache) == ["os/one": commit])
        expectSuccess(try stage.push(["os/*", "debug/os/one"], ["--exclude", "debug/*"]))
        #expect(try Reader.refs(stage.cache).keys.sorted() == ["os/one", "os/two"])
        let nothing = try stage.push(["debug/os/one"], ["--exclude", "debug/*"])
        expectSuccess(nothing)
        #expect(nothing.text.contains("nothing to push: --exclude leaves out 1 ref"), "\(nothing.text)")
    }
}
