// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct RepoDeltasTests {
    private let directory: TemporaryDirectory
    private let repository: String
    private let commits: [String]

    init() throws {
        directory = try TemporaryDirectory()
        repository = directory.path("cache")
        try OSTreeCommand.initRepo(repository, mode: .archive, hasSummary: true)
        var commits: [String] = []
        for text in ["first\n", "second\n"] {
            try directory.file("tree/file", text)
            commits.append(
                try OSTreeCommand.commit(
                    repository, tree: directory.path("tree"), refs: ["os/1"], options: ["--fsync=false"]))
        }
        self.commits = commits
        try directory.file("tree/file", "alone\n")
        try OSTreeCommand.commit(
            repository, tree: directory.path("tree"), refs: ["alone"], parent: "none",
            options: ["--fsync=false"])
    }

    private func deltas(_ arguments: [String] = []) throws -> ProcessResult {
        try run([try Programs.artifact(), "repo", "deltas", "--repo", repository] + arguments)
    }

    private func list() throws -> Set<String> {
        Set(try OSTreeCommand.lines(repository, ["static-delta", "list"]))
    }

    @Test func `Each ref gets a delta from its commit's parent, once`() throws {
        let name = "\(commits[0])-\(commits[1])"
        #expect(try deltas().checked().lines == ["\(name): made"])
        #expect(try list() == [name])
        #expect(try deltas().checked().lines == ["\(name): there already"])
        let summary = try OSTreeCommand.lines(repository, ["summary", "--view"]).joined(separator: "\n")
        #expect(
            summary.contains(name) || FileManager.default.fileExists(atPath: "\(repository)/delta-indexes"))
    }

    @Test func `On demand there are deltas from nothing, for refs that are named or for all`() throws {
        let alone = try OSTreeCommand.revParse(repository, "alone")
        #expect(try deltas(["alone"]).checked().text.contains("nothing to do"))
        #expect(try deltas(["alone", "--from-scratch"]).checked().lines == ["\(alone): made"])
        _ = try deltas(["--from-scratch"]).checked()
        #expect(try list() == [alone, commits[1], "\(commits[0])-\(commits[1])"])
        // A client uses it.
        let target = directory.path("target")
        try OSTreeCommand.initRepo(target, mode: .bareUser)
        try run([
            try Programs.artifact(), "pull", "--repo", target, "--remote", repository, "--deltas=always",
            "alone",
        ]).checked()
        try OSTreeCommand.fsck(target)
    }

    @Test func `An unknown ref is an error, and so is a delta that cannot be made`() throws {
        #expect(try deltas(["no/such"]).status == .exited(3))
        let objects = try OSTreeCommand.listObjects(repository).filter { $0.hasSuffix(".filez") }
        for object in objects {
            try FileManager.default.removeItem(
                atPath: "\(repository)/objects/\(object.prefix(2))/\(object.dropFirst(2))")
        }
        let result = try deltas(["alone", "--from-scratch"])
        #expect(result.status == .exited(2))
        #expect(result.errorText.contains("cannot make the static delta"))
    }
}
