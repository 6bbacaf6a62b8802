// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Caches of a limited size, and the commands that look after them.
@Suite struct SpaceTests {
    private func commit(_ ref: String, kilobytes: Int = 200, in stage: Stage) throws -> String {
        try stage.commit([ref], SampleTree.noise(count: kilobytes << 10, seed: .random(in: 0 ... .max)))
    }

    /// Lets all refs of the cache be used longer ago than they were.
    private func age(_ refs: [String], in cache: String) throws {
        for (index, ref) in refs.enumerated() {
            try run(["touch", "-d", "-\(100 - index) min", "\(cache)/refs/heads/\(ref)"]).checked()
        }
    }

    @Test func `Old artifacts make room, pinned ones stay, and what is too large moves nothing`() throws {
        let stage = try Stage()
        let options = ["--max-size", "1M", "--keep", "pinned/*"]
        var order = ["pinned/1"]
        for ref in ["pinned/1"] + (1...6).map({ "a/\($0)" }) {
            let commit = try commit(ref, in: stage)
            expectSuccess(try stage.push([ref], receiver: options))
            try stage.expectArrived([ref], at: commit)
            if ref != "pinned/1" { order.append(ref) }
            order = try order.filter { try Reader.refs(stage.cache)[$0] != nil }
            // Who finds an artifact there has used it.
            if ref == "a/4" {
                expectSuccess(try stage.push(["a/2"], receiver: options))
                order = order.filter { $0 != "a/2" } + ["a/2"]
            }
            try age(order, in: stage.cache)
        }
        #expect(try OSTreeCommand.refs(stage.cache) == ["a/2", "a/5", "a/6", "pinned/1"])
        _ = try commit("huge", kilobytes: 900, in: stage)
        try expectFailure("can never fit", status: 1, unchanged: []) {
            try stage.push(["huge"], receiver: options)
        }
        #expect(try OSTreeCommand.refs(stage.cache) == ["a/2", "a/5", "a/6", "pinned/1"])
        try OSTreeCommand.fsck(stage.cache)
        #expect(try Reader.leftovers(stage.cache) == [])
    }

    @Test func `expire says which refs go, and lets them go`() throws {
        let stage = try Stage()
        let refs = ["a/1", "a/2", "a/3"]
        for ref in refs {
            _ = try commit(ref, in: stage)
            expectSuccess(try stage.push([ref]))
        }
        try age(refs, in: stage.cache)
        let log = try stage.directory.file(
            "log",
            "::1 - - [22/Nov/2025:17:05:46 +0100] \"GET /refs/heads/a/1 HTTP/1.1\" 200 65 \"-\" \"-\"\n")
        func expire(_ options: String...) throws -> ProcessResult {
            try stage.artifact(["repo", "expire", "--repo", stage.cache] + options)
        }
        // Long ago, so it changes nothing.
        let noted = try expire("--access-log", log)
        expectSuccess(noted)
        #expect(noted.text.contains("1 pull noted"))
        let plan = try expire("--max-size", "500K", "--dry-run")
        expectSuccess(plan)
        #expect(plan.text.contains("a/1: last used") && plan.text.contains("1 ref would go"))
        #expect(try OSTreeCommand.refs(stage.cache) == refs)
        try run(["touch", stage.cache + "/refs/heads/a/1"]).checked()
        let done = try expire("--max-size", "500K", "--keep", "a/3")
        expectSuccess(done)
        #expect(!(try OSTreeCommand.lines(stage.cache, ["summary", "-v"])).contains { $0.contains("a/2") })
        #expect(done.text.contains("a/2: last used") && done.text.contains("1 ref gone"))
        #expect(try OSTreeCommand.refs(stage.cache) == ["a/1", "a/3"])
        try OSTreeCommand.fsck(stage.cache)
        let short = try expire("--max-size", "100K", "--keep", "a/*")
        #expect(short.failed && short.errorText.contains("nothing else may go"))
        #expect(try expire().status == .exited(64))
        #expect(try expire("--max-size", "12X").status == .exited(64))
    }

    @Test func `recover completes what was cut short, and says so`() throws {
        let stage = try Stage()
        let commit = try stage.commit("a/1", in: stage.cache)
        func recover() throws -> String {
            let result = try stage.artifact(["repo", "recover", "--repo", stage.cache])
            expectSuccess(result)
            return result.text + result.errorText
        }
        #expect(try recover().contains("nothing to do"))
        try stage.directory.file(
            "cache/state/bst-artifact-refs", "bst-artifact refs 1\n\(Frame.nothing) \(commit) b/2\nend\n")
        try stage.directory.file("cache/tmp/bst-artifact-push-anotherstart-0123-x/filez/1", "left")
        let said = try recover()
        #expect(said.contains("b/2: moved") && said.contains("1 left-over quarantine removed"))
        try stage.expectArrived(["a/1", "b/2"], at: commit)
        try stage.directory.file("cache/state/bst-artifact-refs", "nonsense")
        #expect(try recover().contains("unreadable"))
    }

    @Test func `A receiver reads the journal before anything else`() throws {
        let stage = try Stage()
        let commit = try stage.commit("a/1", in: stage.cache)
        try stage.directory.file(
            "cache/state/bst-artifact-refs", "bst-artifact refs 1\n\(Frame.nothing) \(commit) b/2\nend\n")
        expectSuccess(try stage.artifact(["check", "--remote", stage.cache]))
        try stage.expectArrived(["a/1", "b/2"], at: commit)
    }

    @Test func `A refused push leaves nothing that could be resumed`() throws {
        let stage = try Stage()
        let commit = try stage.commit("a/1")
        let stream = try ObjectStream(ofArchive: stage.mine).damaging(".filez")
        try expectFailure(status: 1, unchanged: [stage.cache]) {
            try ReceiverRun.run(stage.cache, ReceiverRun.push([("a/1", Frame.nothing, commit)], stream))
        }
        #expect(try Reader.leftovers(stage.cache) == [])
    }
}
