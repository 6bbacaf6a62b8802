// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The objects that travel, and the refs that move, given the remote's.
@Suite struct SentObjectsTests {
    @Test(arguments: ["1", "0"])
    func `The objects of a commit with two refs are sent once`(version: String) throws {
        let stage = try Stage(.bareUser)
        let commit = try stage.commit("a/b/strong", "a/b/weak")
        let result = try stage.push(["a/b/strong", "a/b/weak"], ["--protocol", version])
        expectSuccess(result)
        // The commit, a dirmeta, two dirtrees and two files.
        #expect(try objectsSent(result) == 6)
        try stage.expectArrived(["a/b/strong", "a/b/weak"], at: commit)
    }

    @Test(arguments: ["1", "0"])
    func `Commits between the remote's and ours are sent too`(version: String) throws {
        let stage = try Stage(.bareUser)
        let first = try stage.commit("branch", text: "1")
        let push = {
            try stage.push(["branch"], ["--protocol", version])
        }
        expectSuccess(try push())
        var commits = [first]
        for number in 2...4 { commits.append(try stage.commit("branch", text: "\(number)")) }
        let result = try push()
        expectSuccess(result)
        #expect(result.text.contains("branch: from \(first) to \(commits[3])"))
        try stage.expectArrived(["branch"], at: commits[3])
        for commit in commits {
            #expect(try OSTreeCommand.attempt(stage.cache, ["ls", "-R", commit]).succeeded)
        }
        #expect(try Reader.objects(stage.cache) == Reader.objects(stage.mine))
    }

    @Test(arguments: ["1", "0"])
    func `A new branch brings its history`(version: String) throws {
        let stage = try Stage()
        let commits = try (1...3).map { try stage.commit("branch", text: "\($0)") }
        expectSuccess(
            try stage.push(["branch"], ["--protocol", version]))
        try stage.expectArrived(["branch"], at: commits[2])
        #expect(try Reader.objects(stage.cache) == Reader.objects(stage.mine))
    }

    @Test(arguments: ["1", "0"])
    func `History that ends early here is no error`(version: String) throws {
        let stage = try Stage(.bareUser)
        let lost = try stage.commit("branch", text: "1")
        let kept = try stage.commit("branch", text: "2")
        let tip = try stage.commit("branch", text: "3")
        try FileManager.default.removeItem(
            atPath: stage.mine + ObjectPath.path("\(lost).commit"))
        expectSuccess(
            try stage.push(["branch"], ["--protocol", version]))
        try stage.expectArrived(["branch"], at: tip)
        let objects = try Reader.objects(stage.cache)
        #expect(objects.contains("\(kept).commit"))
        #expect(!objects.contains("\(lost).commit"))
    }

    @Test func `A remote that is at the ancestor that is missing here can be pushed to`() throws {
        let stage = try Stage()
        let first = try stage.commit("branch", text: "1")
        expectSuccess(try stage.push(["branch"]))
        let tip = try stage.commit("branch", text: "2")
        try FileManager.default.removeItem(
            atPath: stage.mine + ObjectPath.path("\(first).commit"))
        expectSuccess(try stage.push(["branch"]))
        try stage.expectArrived(["branch"], at: tip)
    }

    @Test(arguments: ["1", "0"])
    func `A diverged ref is reported with both commits, and the others are pushed`(version: String) throws {
        let stage = try Stage(.bareUser)
        let theirs = try stage.commit("branch", text: "theirs", in: stage.cache)
        let ours = try stage.commit("branch", text: "ours", following: "before")
        let other = try stage.commit("other", text: "other")
        let result = try stage.push(["branch", "other"], ["--protocol", version])
        #expect(result.failed)
        for word in ["branch", theirs, ours, "not an ancestor"] { #expect(result.errorText.contains(word)) }
        #expect(result.text.contains("other: new, at \(other)"))
        try stage.expectArrived(["branch"], at: theirs)
        try stage.expectArrived(["other"], at: other)
        #expect(try !Reader.objects(stage.cache).contains("\(ours).commit"), "nothing of it was sent")
    }

    @Test(arguments: ["1", "0"])
    func `A diverged ref alone leaves the remote as it was`(version: String) throws {
        let stage = try Stage()
        let theirs = try stage.commit("branch", text: "theirs", in: stage.cache)
        let ours = try stage.commit("branch", text: "ours", following: "before")
        try expectFailure(theirs, ours, status: 1, unchanged: [stage.cache, stage.mine]) {
            try stage.push(["branch"], ["--protocol", version])
        }
    }

    @Test func `A remote that is ahead is diverged, not pushed back`() throws {
        let stage = try Stage()
        try stage.commit("branch", text: "1")
        expectSuccess(try stage.push(["branch"]))
        let ahead = try stage.commit("branch", text: "2", in: stage.cache)
        try expectFailure(ahead, status: 1, unchanged: [stage.cache]) {
            try stage.push(["branch"])
        }
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive], ["1", "0"])
    func `Detached metadata arrives`(mode: OSTreeCommand.Mode, version: String) throws {
        let stage = try Stage(mode)
        let commit = try stage.commit(
            "a/b/c", options: ["--add-detached-metadata-string=note=keep me"])
        expectSuccess(try stage.push(["a/b/c"], ["--protocol", version]))
        try stage.expectArrived(["a/b/c"], at: commit)
        let shown = try OSTreeCommand.lines(
            stage.cache, ["show", "--print-detached-metadata-key=note", commit])
        #expect(shown == ["'keep me'"])
    }

    @Test(arguments: ["1", "0"])
    func `A second name for a commit that is there moves without its objects`(version: String) throws {
        let stage = try Stage(.bareUser)
        let commit = try stage.commit("a/b/strong", "a/b/weak")
        for ref in ["a/b/strong", "a/b/weak"] {
            expectSuccess(try stage.push([ref], ["--protocol", version]))
        }
        try stage.expectArrived(["a/b/strong", "a/b/weak"], at: commit)
    }
}
