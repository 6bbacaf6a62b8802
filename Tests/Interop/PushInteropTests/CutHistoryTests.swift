// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

/// Caches that keep a part of the history of branches, with `repo expire --keep-commits` and `--keep-younger`.
@Suite struct CutHistoryTests {
    private let stage: Stage

    init() throws {
        stage = try Stage()
    }

    /// Commits on top of a ref's commit, so many days ago.
    @discardableResult
    private func commit(_ ref: String, daysAgo days: Int = 0) throws -> String {
        try stage.commit(
            ref, text: UUID().uuidString, options: ["--timestamp=@\(time(nil) - days * 86_400 + 60)"])
    }

    private func expire(_ options: String...) throws -> ProcessResult {
        let result = try stage.artifact(["repo", "expire", "--repo", stage.cache] + options)
        expectSuccess(result)
        try OSTreeCommand.fsck(stage.cache)
        return result
    }

    /// The commits of the cache that are in this list, in its order.
    private func left(of commits: [String]) throws -> [String] {
        let objects = Set(try OSTreeCommand.listObjects(stage.cache))
        return commits.filter { objects.contains("\($0).commit") }
    }

    @Test func `expire cuts the history of branches, says so, and leaves the rest`() throws {
        let os = try (0..<5).map { try commit("os/1", daysAgo: 40 - 10 * $0) }
        let app = try (0..<3).map { try commit("app/1", daysAgo: 30 - 10 * $0) }
        expectSuccess(try stage.push(["os/1", "app/1"]))
        let plan = try expire("--keep-commits", "os/*=4", "--dry-run")
        #expect(plan.lines.first == "os/1: 1 older commit would go, 4 kept")
        #expect(plan.text.contains("0 refs would go"))
        #expect(try left(of: os) == os)
        #expect(try expire("--keep-commits", "os/*=4").lines.first == "os/1: 1 older commit gone, 4 kept")
        #expect(try left(of: os) == Array(os[1...]) && left(of: app) == app)
        // Those of today and of 10 and 20 days ago.
        let aged = try expire("--keep-younger", "3w", "--keep-commits", "app/*=all", "--json")
        #expect(
            aged.text.contains(
                #""shortened":[{"ref":"os/1","keptCommits":3,"removedCommits":1}]"#), "\(aged.text)")
        #expect(try left(of: os) == Array(os[2...]) && left(of: app) == app)
        #expect(try expire("--keep-younger", "5h").lines.first == "app/1: 2 older commits gone, 1 kept")
        #expect(try left(of: os) == [os[4]] && left(of: app) == [app[2]])
        #expect(try OSTreeCommand.refs(stage.cache) == ["app/1", "os/1"])
    }

    @Test(arguments: [
        "--keep-commits 0", "--keep-commits x", "--keep-commits =3", "--keep-commits os/*=",
        "--keep-younger 3",
        "--keep-younger 3m", "--keep-younger 0d", "--keep-younger 99999999999999999y",
    ])
    func `expire refuses a rule that it cannot read, and changes nothing`(options: String) throws {
        let first = try commit("os/1")
        let second = try commit("os/1")
        expectSuccess(try stage.push(["os/1"]))
        try expectFailure(
            options.split(separator: " ").first.map(String.init) ?? "", status: 64, unchanged: [stage.cache]
        ) {
            try stage.run("bst-artifact repo expire --repo cache \(options)")
        }
        #expect(try left(of: [first, second]) == [first, second])
    }

    @Test func `History that was cut does not come back with the next push, and ostree pulls what is left`()
        throws
    {
        var commits = try (0..<4).map { _ in try commit("os/1") }
        expectSuccess(try stage.push(["os/1"], environment: Stage.allCapabilities))
        _ = try expire("--keep-commits", "2")
        commits.append(try commit("os/1"))
        let pushed = try stage.push(["os/1"], environment: Stage.allCapabilities)
        expectSuccess(pushed)
        #expect(try left(of: commits) == Array(commits[2...]))
        // Neither with another name of it, nor with one that begins where it was cut.
        expectSuccess(try stage.push(["os/1"], ["--as", "os/stable"], environment: Stage.allCapabilities))
        try stage.commit("os/branch", text: "branch", parent: commits[1])
        expectSuccess(try stage.push(["os/branch"], environment: Stage.allCapabilities))
        #expect(try left(of: commits) == Array(commits[2...]))
        try OSTreeCommand.fsck(stage.cache)

        let target = stage.directory.path("target")
        try OSTreeCommand.initRepo(target, mode: .bareUser)
        try OSTreeCommand.addRemote(target, "cache", url: "file://\(stage.cache)")
        try OSTreeCommand.pull(target, remote: "cache", refs: ["os/1"], options: ["--depth=-1"])
        let pulled = Set(try OSTreeCommand.listObjects(target))
        #expect(commits.filter { pulled.contains("\($0).commit") } == Array(commits[2...]))
        try OSTreeCommand.fsck(target)
    }

    @Test func `A push that fills in history leaves out what was cut`() throws {
        var commits = try (0..<4).map { _ in try commit("os/1") }
        expectSuccess(try stage.push(["os/1"], environment: Stage.allCapabilities))
        _ = try expire("--keep-commits", "2")
        let again = try stage.push(["os/1"], ["--fill-history"], environment: Stage.allCapabilities)
        expectSuccess(again)
        #expect(!again.errorText.contains("history"), "\(again.errorText)")
        commits.append(try commit("os/1"))
        expectSuccess(try stage.push(["os/1"], ["--fill-history"], environment: Stage.allCapabilities))
        #expect(try left(of: commits) == Array(commits[2...]))
        // What was lost otherwise is filled in.
        try FileManager.default.removeItem(atPath: "\(stage.cache)/state/bst-artifact-cut-history")
        expectSuccess(try stage.push(["os/1"], ["--fill-history"], environment: Stage.allCapabilities))
        #expect(try left(of: commits) == commits)
    }

    @Test func `Static deltas to commits that go are removed, and the summary does not list them`() throws {
        let commits = try (0..<3).map { _ in try commit("os/1") }
        expectSuccess(try stage.push(["os/1"]))
        for commit in commits {
            try OSTreeCommand.lines(stage.cache, ["static-delta", "generate", "--empty", "--to=\(commit)"])
        }
        try OSTreeCommand.lines(stage.cache, ["summary", "--update"])
        _ = try expire("--keep-commits", "1")
        #expect(try OSTreeCommand.lines(stage.cache, ["static-delta", "list"]) == [commits[2]])
        let summary = try OSTreeCommand.lines(stage.cache, ["summary", "--view"]).joined(separator: "\n")
        #expect(summary.contains(commits[2]) && !summary.contains(commits[1]))
    }

    @Test func `Pushes go on while history is cut, each whole`() throws {
        // Each on top of the one before, in repositories of their own.
        let builders = try (0..<3).map { try stage.copy(stage.mine, as: "builder-\($0)") }
        let pushed = try builders.enumerated().map { number, builder in
            let commits = try (0..<6).map {
                try stage.commit("os/\(number)", text: "\(number) \($0)", in: builder)
            }
            return (builder, "os/\(number)", commits)
        }
        let results = Mutex<[ProcessResult?]>([])
        @Sendable func note(_ result: ProcessResult?) { results.withLock { $0.append(result) } }
        DispatchQueue.concurrentPerform(iterations: pushed.count + 1) { index in
            guard index > 0 else {
                for _ in 0..<15 {
                    note(
                        try? stage.artifact(["repo", "expire", "--repo", stage.cache, "--keep-commits", "2"]))
                }
                return
            }
            let (builder, ref, commits) = pushed[index - 1]
            for commit in commits {
                try? Data("\(commit)\n".utf8).write(to: URL(fileURLWithPath: "\(builder)/refs/heads/\(ref)"))
                note(try? stage.push([ref], from: builder))
            }
        }
        for result in results.withLock({ $0 }) { expectSuccess(try #require(result)) }
        try OSTreeCommand.fsck(stage.cache)
        for (_, ref, commits) in pushed {
            #expect(try OSTreeCommand.revParse(stage.cache, ref) == commits.last)
            #expect(try left(of: commits).suffix(2) == commits.suffix(2))
        }
        _ = try expire("--keep-commits", "2")
        for (_, _, commits) in pushed { #expect(try left(of: commits) == Array(commits.suffix(2))) }
    }
}
