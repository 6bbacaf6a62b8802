// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Which refs a push is about, and pushes of very many of them.
@Suite struct RefSelectionTests {
    @Test func `A pattern names all refs that it fits, also across slashes`() throws {
        let shop = try Workshop(.bareUser)
        let commit = try shop.commit("hello/base/1", "hello/base/2", "hello/other/1", "bye/base/1")
        expectSuccess(try Client.push(["hello/*"], from: shop.source, to: shop.cache))
        #expect(try OSTreeCommand.refs(shop.cache) == ["hello/base/1", "hello/base/2", "hello/other/1"])
        expectSuccess(try Client.push(["*/[12]", "bye/base/1"], from: shop.source, to: shop.cache))
        try expectArrived(["bye/base/1", "hello/base/2"], at: commit, in: shop.cache)
    }

    @Test func `--all pushes every ref`() throws {
        let shop = try Workshop(.bareUser)
        try shop.commit("hello/base/1", "bye/base/1")
        try shop.commit("another", text: "another")
        expectSuccess(try Client.push([], from: shop.source, to: shop.cache, ["--all"]))
        #expect(try Reader.refs(shop.cache) == Reader.refs(shop.source))
        try OSTreeCommand.fsck(shop.cache)
    }

    @Test(arguments: ["a/b/unknown", "unknown/*"])
    func `A ref that is not here is an error, and nothing is pushed`(ref: String) throws {
        let shop = try Workshop(.bareUser)
        try shop.commit("a/b/c")
        try expectFailure("no ref \(ref)", status: 1, unchanged: [shop.cache, shop.source]) {
            try Client.push(["a/b/c", ref], from: shop.source, to: shop.cache)
        }
    }

    @Test(arguments: ["../x", "/etc/passwd", "a//b", "a b", "a/../b", "."])
    func `What cannot be a ref is refused`(ref: String) throws {
        let shop = try Workshop(.bareUser)
        try expectFailure("not a ref name", status: 1, unchanged: [shop.cache, shop.source]) {
            try Client.push([ref], from: shop.source, to: shop.cache)
        }
    }

    @Test func `No ref, or refs beside --all, are wrong usage`() throws {
        let shop = try Workshop(.bareUser)
        try shop.commit("a/b/c")
        for (refs, options) in [([], []), (["a/b/c"], ["--all"])] as [([String], [String])] {
            try expectFailure("--all", status: 64, unchanged: [shop.cache]) {
                try Client.push(refs, from: shop.source, to: shop.cache, options)
            }
        }
    }

    @Test(arguments: ["none", "want,long"])
    func `Seven hundred refs go in one exchange, or in several where messages are short`(capabilities: String)
        throws
    {
        let shop = try Workshop(.bareUser)
        let commit = try shop.commit("first")
        let refs = try shop.manyRefs(700, at: commit)
        let result = try Client.push(
            ["project/*"], from: shop.source, to: shop.cache, ["--verbose"],
            environment: ["BST_ARTIFACT_ABILITIES": capabilities])
        expectSuccess(result)
        let exchanges = result.errorText.split(separator: "\n").filter { $0.contains("push complete") }.count
        #expect(capabilities == "none" ? exchanges > 1 : exchanges == 1, "a short message holds about 300")
        #expect(try Set(OSTreeCommand.refs(shop.cache)) == Set(refs))
        try expectArrived([refs[0], refs[699]], at: commit, in: shop.cache)
        let again = try Client.push(["project/*"], from: shop.source, to: shop.cache)
        expectSuccess(again)
        #expect(again.lines.filter { $0.contains("there already") }.count == 700)
    }

    @Test func `Two thousand refs that are there already are pushed over ssh at once`() throws {
        let shop = try Workshop()
        let commit = try shop.commit("first")
        let refs = try shop.manyRefs(2000, at: commit)
        try run(["rm", "-r", shop.cache]).checked()
        _ = try shop.copy(shop.source, as: "cache")
        try OSTreeCommand.lines(shop.cache, ["summary", "-u"])
        let server = try SSHServer(environmentPath: Programs.searchPath)
        let before = try Reader.snapshot(shop.cache)
        let result = try Client.push(
            [], from: shop.source, to: "localhost:\(shop.cache)", over: server, ["--all"])
        expectSuccess(result)
        #expect(result.lines.filter { $0.contains("there already") }.count == refs.count + 1)
        #expect(try Reader.snapshot(shop.cache) == before)
    }

    @Test func `Seven hundred refs reach the receiver of BuildStream 1`() throws {
        let shop = try Workshop(.bareUser)
        let commit = try shop.commit("first")
        let refs = try shop.manyRefs(700, at: commit)
        expectSuccess(
            try Client.push(
                ["project/*"], from: shop.source, to: shop.cache, ["--receiver", PythonPeer.receiver()]))
        #expect(try Set(OSTreeCommand.refs(shop.cache)) == Set(refs))
        try OSTreeCommand.fsck(shop.cache)
    }
}
