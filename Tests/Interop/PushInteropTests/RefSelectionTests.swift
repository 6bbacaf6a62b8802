// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// The selection of the refs of a push, and pushes of very many refs.
@Suite struct RefSelectionTests {
    @Test func `A pattern names all refs that it fits, also across slashes`() throws {
        let stage = try Stage(.bareUser)
        let commit = try stage.commit("hello/base/1", "hello/base/2", "hello/other/1", "bye/base/1")
        expectSuccess(try stage.push(["hello/*"]))
        #expect(try OSTreeCommand.refs(stage.cache) == ["hello/base/1", "hello/base/2", "hello/other/1"])
        expectSuccess(try stage.push(["*/[12]", "bye/base/1"]))
        try stage.expectArrived(["bye/base/1", "hello/base/2"], at: commit)
    }

    @Test func `--all pushes every ref`() throws {
        let stage = try Stage(.bareUser)
        try stage.commit("hello/base/1", "bye/base/1")
        try stage.commit("another", text: "another")
        expectSuccess(try stage.push([], ["--all"]))
        #expect(try Reader.refs(stage.cache) == Reader.refs(stage.mine))
        try OSTreeCommand.fsck(stage.cache)
    }

    @Test(arguments: ["a/b/unknown", "unknown/*"])
    func `A ref that is not here is an error, and nothing is pushed`(ref: String) throws {
        let stage = try Stage(.bareUser)
        try stage.commit("a/b/c")
        try expectFailure("no ref \(ref)", status: 1, unchanged: [stage.cache, stage.mine]) {
            try stage.push(["a/b/c", ref])
        }
    }

    @Test(arguments: ["../x", "/etc/passwd", "a//b", "a b", "a/../b", "."])
    func `What cannot be a ref is refused`(ref: String) throws {
        let stage = try Stage(.bareUser)
        try expectFailure("not a ref name", status: 1, unchanged: [stage.cache, stage.mine]) {
            try stage.push([ref])
        }
    }

    @Test func `No ref, or refs beside --all, are wrong usage`() throws {
        let stage = try Stage(.bareUser)
        try stage.commit("a/b/c")
        for (refs, options) in [([], []), (["a/b/c"], ["--all"])] as [([String], [String])] {
            try expectFailure("--all", status: 64, unchanged: [stage.cache]) {
                try stage.push(refs, options)
            }
        }
    }

    @Test(arguments: ["none", "want,long"])
    func `Seven hundred refs go in one exchange, or in several where messages are short`(capabilities: String)
        throws
    {
        let stage = try Stage(.bareUser)
        let commit = try stage.commit("first")
        let refs = try stage.manyRefs(700, at: commit)
        let result = try stage.push(
            ["project/*"], ["--verbose"],
            environment: ["BST_ARTIFACT_ABILITIES": capabilities])
        expectSuccess(result)
        let exchanges = result.errorText.split(separator: "\n").filter { $0.contains("push complete") }.count
        #expect(capabilities == "none" ? exchanges > 1 : exchanges == 1, "a short message holds about 300")
        #expect(try Set(OSTreeCommand.refs(stage.cache)) == Set(refs))
        try stage.expectArrived([refs[0], refs[699]], at: commit)
        let again = try stage.push(["project/*"])
        expectSuccess(again)
        #expect(again.lines.filter { $0.contains("there already") }.count == 700)
    }

    @Test func `Two thousand refs that are there already are pushed over ssh at once`() throws {
        let stage = try Stage()
        let commit = try stage.commit("first")
        let refs = try stage.manyRefs(2000, at: commit)
        try run(["rm", "-r", stage.cache]).checked()
        _ = try stage.copy(stage.mine, as: "cache")
        try OSTreeCommand.lines(stage.cache, ["summary", "-u"])
        let server = try SSHServer(environmentPath: Programs.searchPath)
        let before = try Reader.snapshot(stage.cache)
        let result = try stage.push([], to: "localhost:\(stage.cache)", over: server, ["--all"])
        expectSuccess(result)
        #expect(result.lines.filter { $0.contains("there already") }.count == refs.count + 1)
        #expect(try Reader.snapshot(stage.cache) == before)
    }

    @Test func `Seven hundred refs reach the receiver of BuildStream 1`() throws {
        let stage = try Stage(.bareUser)
        let commit = try stage.commit("first")
        let refs = try stage.manyRefs(700, at: commit)
        expectSuccess(
            try stage.push(["project/*"], ["--receiver", PythonPeer.receiver()]))
        #expect(try Set(OSTreeCommand.refs(stage.cache)) == Set(refs))
        try OSTreeCommand.fsck(stage.cache)
    }
}
