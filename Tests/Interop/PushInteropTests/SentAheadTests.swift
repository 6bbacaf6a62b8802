// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Objects that travel before they are asked for.
@Suite struct SentAheadTests {
    private let stage: Stage

    init() throws {
        stage = try Stage(.bareUser)
    }

    private struct Log {
        var requested = 0
        var ahead = 0
        var aheadBytes = 0

        init(_ text: String) {
            for line in text.split(whereSeparator: \.isNewline) where line.contains("receive: object ") {
                guard line.contains("not requested") else {
                    requested += 1
                    continue
                }
                ahead += 1
                aheadBytes += line.firstMatch(of: /bytes=(\d+)/).flatMap { Int($0.1) } ?? 0
            }
        }
    }

    private func push(_ ref: String) throws -> Log {
        let result = try stage.push(
            [ref], receiver: ["--debug"], environment: Stage.allCapabilities
        ).checked()
        try OSTreeCommand.fsck(stage.cache)
        return Log(result.errorText)
    }

    private func commit(_ ref: String, parent: String = "none", tree: String = "tree") throws {
        try OSTreeCommand.commit(
            stage.mine, tree: stage.directory.path(tree), refs: [ref], parent: parent,
            options: ["--fsync=false"])
    }

    @Test func `A change below sixty directories costs no request at all, and a new tree of them few`() throws
    {
        let path = (0..<60).map { "d\($0)" }.joined(separator: "/")
        try stage.directory.file("tree/\(path)/file", "deep\n")
        try commit("a/b/c")
        let first = try push("a/b/c")
        // The root, which the cache might have had; then the file, and what describes the directories.
        #expect(first.requested == 3 && first.ahead == 61, "\(first)")
        try stage.directory.file("tree/\(path)/file", "changed\n")
        try commit("a/b/c")
        let second = try push("a/b/c")
        // The commit, the directories and the file.
        #expect(second.requested == 0 && second.ahead == 63, "\(second)")
    }

    @Test func `A new ref beside others costs no request, and the one that it resembles most is found`()
        throws
    {
        let path = (0..<60).map { "d\($0)" }.joined(separator: "/")
        try stage.directory.file("tree/\(path)/file", "deep\n")
        try commit("project/element/1")
        _ = try push("project/element/1")
        try stage.directory.file("flat/file", "of another shape\n")
        try commit("project/element/2", tree: "flat")
        _ = try push("project/element/2")
        try stage.directory.file("tree/\(path)/file", "changed\n")
        try commit("project/element/3")
        let log = try push("project/element/3")
        #expect(log.requested == 0 && log.ahead == 63, "\(log)")
    }

    @Test func `A new ref that resembles one most that the cache lacks is compared with one that it has`()
        throws
    {
        let path = (0..<60).map { "d\($0)" }.joined(separator: "/")
        for text in ["deep\n", "changed\n", "changed twice\n"] {
            try stage.directory.file("tree/\(path)/file", text)
            try stage.directory.file("tree/other", text == "deep\n" ? "as it was\n" : "another\n")
            try commit("project/element/\(text.count)")
        }
        _ = try push("project/element/5")
        let log = try push("project/element/14")
        #expect(log.requested == 0 && log.ahead == 64, "\(log)")
    }

    @Test func `What is known to be there is not sent, and what is there all the same costs little`() throws {
        for directory in 0..<60 {
            for file in 0..<40 {
                try stage.directory.file(
                    "tree/directory-\(directory)/a-file-with-a-long-name-\(file)", "\(directory) \(file)\n")
            }
        }
        try commit("a/b/c")
        let first = try push("a/b/c")
        #expect(first.aheadBytes <= 2 * 64 * 1024 && first.requested > first.ahead, "\(first)")
        try stage.directory.file("tree/directory-7/a-file-with-a-long-name-3", "changed\n")
        try commit("a/b/c")
        let second = try push("a/b/c")
        #expect(second.ahead == 4 && second.requested == 0, "\(second)")
        // Another ref of the same content, about which the client knows nothing.
        try commit("other/ref/name")
        let third = try push("other/ref/name")
        #expect(third.requested == 0 && third.ahead == 1, "\(third)")
    }

    @Test func `Equal directories and files, ancestors' among them, travel once`() throws {
        for number in 0..<200 {
            try stage.directory.makeDirectory("tree/empty/\(number)")
            try stage.directory.file("tree/full/\(number)/file", "the same\n")
        }
        for number in 0..<4 {
            try stage.directory.file("tree/changed/\(number)", "new\n")
            try OSTreeCommand.commit(
                stage.mine, tree: stage.directory.path("tree"), refs: ["a/b/c"], options: ["--fsync=false"])
        }
        let log = try push("a/b/c")
        #expect(log.ahead + log.requested == (try OSTreeCommand.listObjects(stage.cache).count), "\(log)")
    }

    /// Files of a bare-user repository are thought to deflate to a third; these do not deflate.
    @Test func `A change of a megabyte needs no second round, and one of much more does`() throws {
        func change(_ count: Int) throws -> Log {
            for number in 0..<count {
                try stage.directory.file(
                    "tree/\(number % 7)/\(number)",
                    (0..<1024).map { _ in UInt64.random(in: 0...UInt64.max) }
                        .flatMap { withUnsafeBytes(of: $0) { Array($0) } })
            }
            try commit("a/b/c")
            return try push("a/b/c")
        }
        _ = try change(500)
        let small = try change(100)
        #expect(small.requested == 0 && small.ahead > 100, "\(small)")
        let large = try change(500)
        #expect(large.requested > 0 && large.aheadBytes <= 3 * 1024 * 1024, "\(large)")
    }

    @Test func `A push without the capability asks for everything`() throws {
        try stage.directory.file("tree/directory/file", "content\n")
        try commit("a/b/c")
        let result = try stage.push(
            ["a/b/c"], receiver: ["--debug"], environment: ["BST_ARTIFACT_ABILITIES": "long,want,meta"]
        ).checked()
        let log = Log(result.errorText)
        #expect(log.ahead == 0 && log.requested == 5, "\(log)")
    }

    @Test func `A refused push leaves nothing of what came ahead`() throws {
        try stage.directory.file("tree/directory/file", "content\n")
        try commit("a/b/c")
        let before = try Reader.snapshot(stage.cache)
        let result = try stage.push(
            ["a/b/c"], receiver: ["--deny-ref", "a/*"], environment: Stage.allCapabilities)
        #expect(result.failed && result.errorText.contains("may not be pushed"), "\(result.errorText)")
        #expect(try Reader.snapshot(stage.cache).differences(from: before) == [])
    }
}
