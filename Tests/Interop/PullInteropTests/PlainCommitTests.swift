// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pulls of a commit by its checksum, for which no ref moves.
@Suite struct PlainCommitTests {
    private let stage: Stage
    private let first: String
    private let second: String
    private static let hint = "no ref points to it, so 'repo expire' and 'ostree prune' remove it"

    init() throws {
        stage = try Stage(.bareUser)
        first = try stage.commit("os/1", text: "1", in: stage.cache)
        second = try stage.commit("os/1", text: "2", parent: first, in: stage.cache)
    }

    private func has(_ commit: String) throws -> Bool {
        try OSTreeCommand.attempt(stage.mine, ["show", commit]).succeeded
    }

    @Test func `A commit comes without a ref, and says that nothing keeps it`() throws {
        let planned = try stage.pull([first], from: stage.cache, ["--dry-run"]).checked()
        #expect(planned.text.contains("\(first): would be new\n"), "\(planned.text)")
        #expect(try !has(first))
        let result = try stage.pullWell([first], from: stage.cache)
        #expect(result.text.contains("\(first): new; \(Self.hint)"), "\(result.text)")
        #expect(try OSTreeCommand.refs(stage.mine) == [] && has(first) && !has(second))
        try OSTreeCommand.checkout(stage.mine, first, to: stage.directory.path("out"))
        let again = try stage.pullWell([first], from: stage.cache)
        #expect(again.text.contains("\(first): there already; \(Self.hint)"), "\(again.text)")
        // As the hint says.
        try OSTreeCommand.lines(stage.mine, ["prune", "--refs-only"])
        #expect(try !has(first))
    }

    @Test func `A ref and a commit of its history are pulled together, for a rollback`() throws {
        try stage.pullWell(["os/1", first], from: stage.cache)
        #expect(try OSTreeCommand.revParse(stage.mine, "os/1") == second)
        #expect(try has(first))
        let referenced = try stage.pullWell([second], from: stage.cache)
        #expect(referenced.text.contains("\(second): there already\n"), "\(referenced.text)")
    }

    @Test func `Its ancestors come where they are asked for`() throws {
        let third = try stage.commit("os/1", text: "3", parent: second, in: stage.cache)
        try stage.pullWell([third], from: stage.cache, ["--depth=1"])
        #expect(try has(third) && has(second) && !has(first))
        let json = try stage.pullWell([third], from: stage.cache, ["--depth=all", "--json"])
        let expected =
            #""refs":[],"commits":[{"commit":"\#(third)","outcome":"unchanged","hasRef":false}],"ancestors":1,"#
        #expect(json.text.contains(expected), "\(json.text)")
        #expect(try has(first))
    }

    @Test func `A commit that is here in part is completed`() throws {
        try stage.pullWell([first], from: stage.cache)
        try stage.directory.file("mine/state/\(first).commitpartial", "")
        let result = try stage.pullWell([first], from: stage.cache)
        #expect(result.text.contains("\(first): new"), "\(result.text)")
    }

    @Test func `A commit that no cache has is not found`() throws {
        let unknown = String(repeating: "ab", count: 32)
        for options in [[], ["--dry-run"]] {
            let result = try stage.pull([unknown, "os/1"], from: stage.cache, options)
            #expect(result.status == .exited(3))
            #expect(result.errorText.contains("there is no commit \(unknown) at \(stage.cache)"))
        }
    }

    @Test func `The next cache is asked for a commit that the first one lacks`() throws {
        let other = try Stage()
        try other.commit("os/1", text: "other", in: other.cache)
        try stage.configure("artifacts: [{url: file://\(other.cache)}, {url: file://\(stage.cache)}]")
        try stage.pullWell([first], from: nil)
        #expect(try has(first))
    }

    @Test func `An unsigned commit is refused, also if it is here`() throws {
        let keys = try SigningKeys(.ed25519)
        try keys.sign(stage.cache, second)
        try stage.pullWell([second], from: stage.cache, keys.options)
        let errors = try stage.pullBadly([first], from: stage.cache, keys.options)
        #expect(errors.contains("commit \(first) that was asked for is refused"), "\(errors)")
        try stage.pullWell([first], from: stage.cache)
        _ = try stage.pullBadly([first], from: stage.cache, keys.options)
    }

    @Test func `A commit has no place among refs that are pruned`() throws {
        let result = try stage.pull([first], from: stage.cache, ["--prune-refs"])
        #expect(result.status == .exited(64))
    }
}
