// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pulls of a commit's ancestors.
@Suite struct HistoryPullTests {
    /// A cache with a branch of five commits, the oldest first.
    private struct Branch {
        static let ref = "os/1"
        let stage: Stage
        let commits: [String]

        init(_ mode: OSTreeCommand.Mode = .bareUser, length: Int = 5) throws {
            stage = try Stage(mode)
            var commits: [String] = []
            for number in 1...length {
                commits.append(
                    try stage.commit(
                        Branch.ref, text: "\(number)", parent: commits.last ?? "none", in: stage.cache))
            }
            self.commits = commits
        }

        var tip: String { commits[commits.count - 1] }

        /// The commits of `mine` that `ostree log` shows, the oldest first.
        func log() throws -> [String] {
            try OSTreeCommand.lines(stage.mine, ["log", Branch.ref])
                .filter { $0.hasPrefix("commit ") }.map { String($0.dropFirst(7)) }.reversed()
        }

        @discardableResult
        func pull(_ options: String..., ref: String = Branch.ref, from remote: String? = nil) throws
            -> ProcessResult
        {
            try stage.pullWell([ref], from: remote ?? stage.cache, options)
        }

        /// The path of a commit, or another object of the same name, below a web server.
        func path(_ commit: String, _ type: String = "commit") -> String {
            ObjectPath.path("\(commit).\(type)")
        }

        /// Leaves the cache, or another repository, only the newest commits.
        func shorten(_ repository: String, to count: Int) throws {
            try OSTreeCommand.lines(repository, ["prune", "--refs-only", "--depth=\(count - 1)"])
        }

        /// The file object that only this commit has.
        func file(of commit: String, in repository: String) throws -> String {
            let lines = try OSTreeCommand.lines(repository, ["ls", "--checksum", commit, "/file"])
            let words = try #require(lines.first).split(separator: " ")
            return try #require(words.map(String.init).first { $0.utf8.count == 64 })
        }
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .bareUserOnly, .archive])
    func `As many ancestors as asked for come, and as many more the next time`(mode: OSTreeCommand.Mode)
        throws
    {
        let branch = try Branch(mode)
        try branch.pull()
        #expect(try branch.log() == [branch.tip])
        for (depth, count) in [("0", 1), ("1", 2), ("2", 3), ("1", 3), ("all", 5), ("100", 5)] {
            let result = try branch.pull("--depth", depth)
            #expect(try branch.log() == branch.commits.suffix(count), "\(depth)")
            #expect(!result.text.contains("history ends"), "\(result.text)")
        }
        #expect(try Reader.leftovers(branch.stage.mine) == [])
    }

    @Test func `Nothing of a complete history is fetched again`() throws {
        let branch = try Branch()
        let result = try branch.pull("--depth=all")
        #expect(result.text.contains("(with 4 earlier commits)"), "\(result.text)")
        let server = try FaultyWebServer(directory: branch.stage.cache)
        let again = try branch.pull("--depth=all", from: server.url)
        #expect(
            again.text.contains("os/1: there already") && again.text.contains("pulled 0 objects,"),
            "\(again.text)")
        #expect(
            server.requestedPaths.filter { $0.hasPrefix("/objects/") } == [
                branch.path(branch.tip, "commitmeta")
            ])
    }

    @Test func `What is missing behind commits that are here is fetched, and no more`() throws {
        let branch = try Branch()
        let (stage, commits) = (branch.stage, branch.commits)
        try OSTreeCommand.lines(stage.cache, ["refs", "--create=os/old", commits[2]])
        try branch.pull()
        try branch.pull("--depth=1", ref: "os/old")
        // Now the commits 1, 2 and 4 are here, counted from 0.
        #expect(try branch.log() == [commits[4]])
        let server = try FaultyWebServer(directory: stage.cache)
        try branch.pull("--depth=2", from: server.url)
        #expect(try branch.log() == Array(commits[1...]))
        let asked = Set(server.requestedPaths.filter { $0.hasSuffix(".commit") })
        #expect(asked == [branch.path(commits[3])])
        // Behind those that are here.
        try branch.pull("--depth=all", from: server.url)
        #expect(try branch.log() == commits)
        let later = Set(server.requestedPaths.filter { $0.hasSuffix(".commit") }).subtracting(asked)
        #expect(later == [branch.path(commits[0])])
    }

    @Test func `Two refs with a common history get as much of it as the nearer one wants`() throws {
        let branch = try Branch()
        let (stage, commits) = (branch.stage, branch.commits)
        try OSTreeCommand.lines(stage.cache, ["refs", "--create=os/old", commits[2]])
        try stage.pullWell([Branch.ref, "os/old"], from: stage.cache, ["--depth=2"])
        #expect(try branch.log() == commits)
    }

    @Test func `A history that ends early at the remote is no failure, and is told`() throws {
        let branch = try Branch()
        let full = try branch.stage.copy(branch.stage.cache, as: "full")
        try branch.shorten(branch.stage.cache, to: 3)
        let end = "history ends at \(branch.commits[2]), whose parent \(branch.commits[1]) "
        let result = try branch.pull("--depth=all")
        #expect(result.text.contains(end + "\(branch.stage.cache) lacks"), "\(result.text)")
        #expect(try branch.log() == Array(branch.commits[2...]))
        // What was not asked for is not missed.
        #expect(!(try branch.pull("--depth=2").text.contains("history ends")))
        let planned = try branch.pull("--depth=3", "--dry-run")
        #expect(planned.text.contains(end + "is not here"), "\(planned.text)")
        let json = try branch.pull("--depth=3", "--json")
        #expect(
            json.text.contains(
                #""ancestors":0,"historyEnds":[{"commit":"\#(branch.commits[2])","missingParent":"\#(branch.commits[1])"}]"#
            ), "\(json.text)")
        // A cache that has more fills it in.
        try branch.pull("--depth=all", from: full)
        #expect(try branch.log() == branch.commits)
    }

    @Test func `An ancestor that one mirror lacks comes from another`() throws {
        let branch = try Branch()
        let full = try branch.stage.copy(branch.stage.cache, as: "full")
        try branch.shorten(branch.stage.cache, to: 2)
        let result = try branch.pull("--depth=all", "--mirror", full)
        #expect(!result.text.contains("history ends"), "\(result.text)")
        #expect(try branch.log() == branch.commits)
    }

    @Test func `An object store's 403 for an ancestor ends history`() throws {
        let branch = try Branch()
        let path = branch.path(branch.commits[2])
        let server = try FaultyWebServer(directory: branch.stage.cache) { asked, _ in
            asked == path ? .status(403) : nil
        }
        let result = try branch.pull("--depth=all", from: server.url)
        #expect(result.text.contains("history ends at \(branch.commits[3])"), "\(result.text)")
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive])
    func `An ancestor that is here in part is completed`(mode: OSTreeCommand.Mode) throws {
        let branch = try Branch(mode)
        let (stage, commits) = (branch.stage, branch.commits)
        try branch.pull("--depth=all")
        let file = try branch.file(of: commits[3], in: stage.cache)
        let suffix = mode == .archive ? "filez" : "file"
        try FileManager.default.removeItem(atPath: stage.mine + ObjectPath.path("\(file).\(suffix)"))
        try stage.directory.file("mine/state/\(commits[3]).commitpartial", "")
        let server = try FaultyWebServer(directory: stage.cache)
        try branch.pull("--depth=all", from: server.url)
        #expect(try branch.log() == commits)
        let asked = Set(server.requestedPaths.filter { $0.hasPrefix("/objects/") && !$0.hasSuffix("meta") })
        #expect(asked == [branch.path(commits[3]), ObjectPath.path("\(file).filez")])
    }

    @Test func `Without depth an ancestor that is here in part stays so`() throws {
        let branch = try Branch()
        try branch.pull("--depth=1")
        try branch.stage.directory.file("mine/state/\(branch.commits[3]).commitpartial", "")
        expectSuccess(try branch.stage.pull([Branch.ref], from: branch.stage.cache))
        #expect(
            FileManager.default.fileExists(
                atPath: "\(branch.stage.mine)/state/\(branch.commits[3]).commitpartial"))
    }

    @Test func `Signatures of ancestors come with them`() throws {
        let branch = try Branch()
        let ancestor = branch.commits[2]
        try DetachedMetadata.set(branch.stage.cache, ancestor, [("a.key", .text("a value"))])
        try branch.pull("--depth=all")
        #expect(
            try DetachedMetadata.object(branch.stage.mine, ancestor, "commitmeta")
                == DetachedMetadata.object(branch.stage.cache, ancestor, "commitmeta"))
    }

    @Test func `An ancestor without its tree at the remote fails the pull`() throws {
        let branch = try Branch()
        let file = try branch.file(of: branch.commits[1], in: branch.stage.cache)
        try FileManager.default.removeItem(atPath: branch.stage.cache + ObjectPath.path("\(file).filez"))
        let errors = try branch.stage.pullBadly([Branch.ref], from: branch.stage.cache, ["--depth=all"])
        #expect(errors.contains("\(file).filez"), "\(errors)")
    }

    @Test func `An ancestor with wrong bytes fails the pull`() throws {
        let branch = try Branch()
        let (path, other) = (branch.path(branch.commits[2]), branch.path(branch.commits[1]))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: branch.stage.cache + other))
        let server = try FaultyWebServer(directory: branch.stage.cache) { asked, _ in
            asked == path ? .replaceBody(Array(bytes)) : nil
        }
        let errors = try branch.stage.pullBadly([Branch.ref], from: server.url, ["--depth=all"])
        #expect(errors.contains("serves wrong bytes"), "\(errors)")
    }

    @Test func `A history that was interrupted goes on where it was`() throws {
        let branch = try Branch()
        let path = branch.path(branch.commits[1])
        let first = try FaultyWebServer(directory: branch.stage.cache) { asked, _ in
            asked == path ? .delay(seconds: 100) : nil
        }
        let client = try branch.stage.start(
            branch.stage.pulling([Branch.ref], from: first.url, ["--depth=all"]))
        // Directories of the tip and of two ancestors, and what they have in common.
        let isUnderWay = try eventually {
            try branch.stage.verified.count >= 5 && first.requestedPaths.contains(path)
        }
        #expect(isUnderWay, "\(first.requestedPaths) \(client.errorText)")
        client.terminate(SIGTERM)
        try client.wait()
        #expect(try OSTreeCommand.refs(branch.stage.mine) == [])
        let verified = try branch.stage.verified
        let second = try FaultyWebServer(directory: branch.stage.cache)
        try branch.pull("--depth=all", from: second.url)
        #expect(try branch.log() == branch.commits)
        #expect(verified.count >= 5 && verified.intersection(second.requestedPaths) == [])
    }

    @Test func `A commit that comes as a static delta has its ancestors, too`() throws {
        let branch = try Branch()
        let cache = branch.stage.cache
        try OSTreeCommand.lines(cache, ["static-delta", "generate", "--empty", "--to=\(branch.tip)"])
        try OSTreeCommand.lines(cache, ["summary", "--update"])
        try branch.pull("--deltas=always", "--depth=all")
        #expect(try branch.log() == branch.commits)
        // The tip is here now, and the delta is of no use.
        try branch.shorten(branch.stage.mine, to: 1)
        try branch.pull("--deltas=always", "--depth=3")
        #expect(try branch.log() == Array(branch.commits[1...]))
    }

    @Test func `Ancestors are signed, too, or refused`() throws {
        let branch = try Branch(length: 2)
        let keys = try SigningKeys(.ed25519)
        try keys.sign(branch.stage.cache, branch.tip)
        try branch.stage.pullWell([Branch.ref], from: branch.stage.cache, keys.options)
        let errors = try branch.stage.pullBadly(
            [Branch.ref], from: branch.stage.cache, keys.options + ["--depth=1"])
        #expect(errors.contains("commit \(branch.commits[0])") && errors.contains("is refused"), "\(errors)")
    }

    @Test(arguments: ["-1", "some", "1.5", ""])
    func `A depth is a number or all`(depth: String) throws {
        let result = try Stage().artifact(["pull", "--depth=\(depth)", "os/1"])
        #expect(result.status == .exited(64))
        #expect(result.errorText.contains("A depth is a number of commits, or all."))
    }
}
