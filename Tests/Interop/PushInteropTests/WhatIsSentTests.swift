// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Which objects travel, and which refs move, given what the remote has.
@Suite struct WhatIsSentTests {
    /// The number of objects that the last line of a push names.
    private func objectsSent(_ result: ProcessResult) throws -> Int {
        let line = try #require(result.lines.last { $0.hasPrefix("pushed ") })
        return try #require(Int(line.split(separator: " ")[1]))
    }

    @Test(arguments: ["1", "0"])
    func `The objects of a commit with two refs are sent once`(version: String) throws {
        let shop = try Workshop(.bareUser)
        let commit = try shop.commit("a/b/strong", "a/b/weak")
        let result = try Client.push(
            ["a/b/strong", "a/b/weak"], from: shop.source, to: shop.cache, ["--protocol", version])
        expectSuccess(result)
        // The commit, a dirmeta, two dirtrees and two files.
        #expect(try objectsSent(result) == 6)
        try expectArrived(["a/b/strong", "a/b/weak"], at: commit, in: shop.cache)
    }

    @Test(arguments: ["1", "0"])
    func `Commits between the remote's and ours are sent too`(version: String) throws {
        let shop = try Workshop(.bareUser)
        let first = try shop.commit("branch", text: "1")
        let push = {
            try Client.push(["branch"], from: shop.source, to: shop.cache, ["--protocol", version])
        }
        expectSuccess(try push())
        var commits = [first]
        for number in 2...4 { commits.append(try shop.commit("branch", text: "\(number)")) }
        let result = try push()
        expectSuccess(result)
        #expect(result.text.contains("branch: from \(first) to \(commits[3])"))
        try expectArrived(["branch"], at: commits[3], in: shop.cache)
        for commit in commits {
            #expect(try OSTreeCommand.attempt(shop.cache, ["ls", "-R", commit]).succeeded)
        }
        #expect(try Reader.objects(shop.cache) == Reader.objects(shop.source))
    }

    @Test(arguments: ["1", "0"])
    func `A new branch brings its history`(version: String) throws {
        let shop = try Workshop()
        let commits = try (1...3).map { try shop.commit("branch", text: "\($0)") }
        expectSuccess(
            try Client.push(["branch"], from: shop.source, to: shop.cache, ["--protocol", version]))
        try expectArrived(["branch"], at: commits[2], in: shop.cache)
        #expect(try Reader.objects(shop.cache) == Reader.objects(shop.source))
    }

    @Test(arguments: ["1", "0"])
    func `History that ends early here is no error`(version: String) throws {
        let shop = try Workshop(.bareUser)
        let lost = try shop.commit("branch", text: "1")
        let kept = try shop.commit("branch", text: "2")
        let tip = try shop.commit("branch", text: "3")
        try FileManager.default.removeItem(
            atPath: "\(shop.source)/objects/\(lost.prefix(2))/\(lost.dropFirst(2)).commit")
        expectSuccess(
            try Client.push(["branch"], from: shop.source, to: shop.cache, ["--protocol", version]))
        try expectArrived(["branch"], at: tip, in: shop.cache)
        let objects = try Reader.objects(shop.cache)
        #expect(objects.contains("\(kept).commit"))
        #expect(!objects.contains("\(lost).commit"))
    }

    @Test func `A remote that is at the ancestor that is missing here can be pushed to`() throws {
        let shop = try Workshop()
        let first = try shop.commit("branch", text: "1")
        expectSuccess(try Client.push(["branch"], from: shop.source, to: shop.cache))
        let tip = try shop.commit("branch", text: "2")
        try FileManager.default.removeItem(
            atPath: "\(shop.source)/objects/\(first.prefix(2))/\(first.dropFirst(2)).commit")
        expectSuccess(try Client.push(["branch"], from: shop.source, to: shop.cache))
        try expectArrived(["branch"], at: tip, in: shop.cache)
    }

    @Test(arguments: ["1", "0"])
    func `A diverged ref is reported with both commits, and the others are pushed`(version: String) throws {
        let shop = try Workshop(.bareUser)
        let theirs = try shop.commit("branch", text: "theirs", in: shop.cache)
        let ours = try shop.commit("branch", text: "ours", following: "before")
        let other = try shop.commit("other", text: "other")
        let result = try Client.push(
            ["branch", "other"], from: shop.source, to: shop.cache, ["--protocol", version])
        #expect(result.failed)
        for word in ["branch", theirs, ours, "not an ancestor"] { #expect(result.errorText.contains(word)) }
        #expect(result.text.contains("other: new, at \(other)"))
        try expectArrived(["branch"], at: theirs, in: shop.cache)
        try expectArrived(["other"], at: other, in: shop.cache)
        #expect(try !Reader.objects(shop.cache).contains("\(ours).commit"), "nothing of it was sent")
    }

    @Test(arguments: ["1", "0"])
    func `A diverged ref alone leaves the remote as it was`(version: String) throws {
        let shop = try Workshop()
        let theirs = try shop.commit("branch", text: "theirs", in: shop.cache)
        let ours = try shop.commit("branch", text: "ours", following: "before")
        try expectFailure(theirs, ours, status: 1, unchanged: [shop.cache, shop.source]) {
            try Client.push(["branch"], from: shop.source, to: shop.cache, ["--protocol", version])
        }
    }

    @Test func `A remote that is ahead is diverged, not pushed back`() throws {
        let shop = try Workshop()
        try shop.commit("branch", text: "1")
        expectSuccess(try Client.push(["branch"], from: shop.source, to: shop.cache))
        let ahead = try shop.commit("branch", text: "2", in: shop.cache)
        try expectFailure(ahead, status: 1, unchanged: [shop.cache]) {
            try Client.push(["branch"], from: shop.source, to: shop.cache)
        }
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive], ["1", "0"])
    func `Detached metadata arrives`(mode: OSTreeCommand.Mode, version: String) throws {
        let shop = try Workshop(mode)
        let commit = try shop.commit(
            "a/b/c", options: ["--add-detached-metadata-string=note=keep me"])
        expectSuccess(try Client.push(["a/b/c"], from: shop.source, to: shop.cache, ["--protocol", version]))
        try expectArrived(["a/b/c"], at: commit, in: shop.cache)
        let shown = try OSTreeCommand.lines(
            shop.cache, ["show", "--print-detached-metadata-key=note", commit])
        #expect(shown == ["'keep me'"])
    }

    @Test(arguments: ["1", "0"])
    func `A second name for a commit that is there moves without its objects`(version: String) throws {
        let shop = try Workshop(.bareUser)
        let commit = try shop.commit("a/b/strong", "a/b/weak")
        for ref in ["a/b/strong", "a/b/weak"] {
            expectSuccess(try Client.push([ref], from: shop.source, to: shop.cache, ["--protocol", version]))
        }
        try expectArrived(["a/b/strong", "a/b/weak"], at: commit, in: shop.cache)
    }
}
