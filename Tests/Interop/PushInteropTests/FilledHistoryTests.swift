// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Foundation
import TestSupport
import Testing
import WireSamples

/// Caches that lack ancestors of commits that they have: the capability 'history' of docs/PROTOCOL.md.
@Suite struct FilledHistoryTests {
    private static let ref = "os/1"
    private let stage: Stage
    /// The commits of a branch, the oldest first. The cache has the last one alone.
    private let commits: [String]

    init() throws {
        let stage = try Stage(.bareUser)
        commits = try (1...5).reduce(into: []) { commits, number in
            commits.append(
                try stage.commit(FilledHistoryTests.ref, text: "\(number)", parent: commits.last ?? "none"))
        }
        self.stage = stage
        try OSTreeCommand.lines(stage.cache, ["pull-local", "--depth=0", stage.mine, Self.ref])
    }

    private var tip: String { commits[4] }

    private func push(_ options: String..., receiver: [String] = []) throws -> ProcessResult {
        try push([Self.ref], receiver: receiver, options)
    }

    /// Pushes with all capabilities, of which this suite is about one.
    private func push(
        _ refs: [String], from repository: String? = nil, to remote: String? = nil,
        receiver: [String]? = [], _ options: [String] = []
    ) throws -> ProcessResult {
        try stage.push(
            refs, from: repository, to: remote, receiver: receiver, options,
            environment: Stage.allCapabilities)
    }

    private func expectHistory(
        _ expected: some Sequence<String>, _ location: SourceLocation = #_sourceLocation
    )
        throws
    {
        let log = try OSTreeCommand.lines(stage.cache, ["log", Self.ref])
            .filter { $0.hasPrefix("commit ") }.map { String($0.dropFirst(7)) }
        #expect(log.reversed() == Array(expected), sourceLocation: location)
        #expect(throws: Never.self, sourceLocation: location) { try OSTreeCommand.fsck(stage.cache) }
        #expect(try Reader.leftovers(stage.cache) == [], sourceLocation: location)
    }

    @Test func `What a cache misses of a history is filled in by any push`() throws {
        let planned = try push("--dry-run").checked()
        #expect(planned.text.contains("goes on here: the rest would be sent"), "\(planned.text)")
        try expectHistory([tip])
        let filled = try push().checked()
        #expect(filled.text.contains("os/1: there already"), "\(filled.text)")
        #expect(filled.text.contains("filled in 4 earlier commits"), "\(filled.text)")
        #expect(!filled.text.contains("goes on here"), "\(filled.text)")
        try expectHistory(commits)
        // From now on it is the owner who decides.
        try OSTreeCommand.lines(stage.cache, ["prune", "--refs-only", "--depth=1"])
        let newest = try stage.commit(Self.ref, text: "6")
        let next = try push().checked()
        #expect(try objectsSent(next) == 3, "\(next.text)")
        try expectHistory(commits[3...] + [newest])
    }

    @Test func `A push whose ancestors the cache refuses goes on without them, and says so`() throws {
        let keys = try SigningKeys(.ed25519)
        let newest = try stage.commit(Self.ref, text: "6")
        try keys.sign(stage.mine, newest)
        let result = try push(receiver: keys.options).checked()
        #expect(result.text.contains("os/1: from \(tip) to \(newest)"), "\(result.text)")
        #expect(result.errorText.contains("no history was filled in, since"), "\(result.errorText)")
        try expectHistory([tip, newest])
    }

    @Test func `A cache whose history ends early is told, and filled in where that is asked for`() throws {
        let told = try push("--no-fill-history").checked()
        let end = "the history of os/1 ends at \(tip) there, and goes on here: "
        #expect(told.text.contains("os/1: there already"), "\(told.text)")
        #expect(told.text.contains(end + "--fill-history sends the rest"), "\(told.text)")
        try expectHistory([tip])
        let planned = try push("--fill-history", "--dry-run").checked()
        #expect(planned.text.contains(end + "the rest would be sent"), "\(planned.text)")
        // What the commits have in common is counted, too.
        #expect(planned.text.contains("would push at most 15 objects"), "\(planned.text)")
        let filled = try push("--fill-history").checked()
        #expect(filled.text.contains("os/1: there already"), "\(filled.text)")
        #expect(
            filled.text.contains("filled in 4 earlier commits that \(stage.cache) lacked"), "\(filled.text)")
        try expectHistory(commits)
        for options in [[], ["--fill-history"]] {
            let again = try push([Self.ref], options).checked()
            #expect(try objectsSent(again) == 0)
            #expect(!again.text.contains("history") && !again.text.contains("filled"), "\(again.text)")
        }
    }

    @Test func `A push on top of a shallow history fills it in with the same push`() throws {
        let newest = try stage.commit(Self.ref, text: "6")
        let json = try push("--fill-history", "--json").checked()
        #expect(json.text.contains(#""outcome":"moved""#), "\(json.text)")
        #expect(
            json.text.contains(#""filledIn":4,"historyGaps":[{"ref":"os/1","commit":"\#(tip)"}]"#),
            "\(json.text)")
        try expectHistory(commits + [newest])
    }

    @Test func `A push that is not to fill in sends no more than its own commits`() throws {
        let newest = try stage.commit(Self.ref, text: "6")
        let result = try push("--no-fill-history").checked()
        // Its file, directory and commit.
        #expect(try objectsSent(result) == 3)
        #expect(result.text.contains("ends at \(tip) there"), "\(result.text)")
        try expectHistory([tip, newest])
    }

    @Test func `A gap in a history is closed, and what lies behind it is not sent again`() throws {
        // The cache has 0, 1, and 4.
        try OSTreeCommand.lines(stage.mine, ["refs", "--create=old", commits[1]])
        try OSTreeCommand.lines(stage.cache, ["pull-local", "--depth=1", stage.mine, "old"])
        let result = try push("--fill-history").checked()
        #expect(result.text.contains("filled in 2 earlier commits"), "\(result.text)")
        #expect(try objectsSent(result) == 6, "two commits with a file and a directory each")
        try expectHistory(commits)
    }

    @Test func `An ancestor that the cache has in part is completed`() throws {
        _ = try push("--fill-history").checked()
        try stage.directory.file("cache/state/\(commits[2]).commitpartial", "")
        let tree = try OSTreeCommand.lines(stage.cache, ["ls", "--checksum", commits[2], "/file"])
        let file = try #require(tree.first?.split(separator: " ").first { $0.utf8.count == 64 })
        try FileManager.default.removeItem(atPath: stage.cache + ObjectPath.path("\(file).filez"))
        let result = try push("--fill-history").checked()
        #expect(result.text.contains("filled in 1 earlier commit "), "\(result.text)")
        try expectHistory(commits)
    }

    @Test func `A builder that has no more than the cache says nothing`() throws {
        let other = stage.directory.path("other")
        try OSTreeCommand.initRepo(other, mode: .bareUser)
        try OSTreeCommand.lines(other, ["pull-local", "--depth=0", stage.mine, Self.ref])
        for options in [[], ["--fill-history"]] {
            let result = try push([Self.ref], from: other, options).checked()
            #expect(!result.text.contains("history"), "\(result.text)")
        }
        try expectHistory([tip])
    }

    @Test func `A receiver that cannot fill in is told with a status of its own`() throws {
        let receiver = ["env", "BST_ARTIFACT_ABILITIES=want,long", try Programs.receiver()]
        let words = ["--receiver", receiver.joined(separator: " ")]
        let result = try push([Self.ref], receiver: nil, words + ["--fill-history"])
        #expect(result.status == .exited(2), "\(result.errorText)")
        #expect(result.errorText.contains("no history was filled in"), "\(result.errorText)")
        try expectHistory([tip])
        expectSuccess(try push([Self.ref], receiver: nil, words))
        // Artifacts have no history, of which nothing need be said.
        try stage.commit("a/b/c", parent: "none")
        expectSuccess(try push(["a/b/c"], receiver: nil, words + ["--fill-history"]))
    }

    @Test func `A history that the cache had and its owner cut is not missed`() throws {
        let mine = try stage.commit("os/2", text: "a", parent: "none")
        let next = try stage.commit("os/2", text: "b", parent: mine)
        expectSuccess(try push(["os/2"]))
        try OSTreeCommand.lines(stage.cache, ["prune", "--refs-only", "--depth=0"])
        let last = try stage.commit("os/2", text: "c", parent: next)
        for _ in 0..<2 {
            let result = try push(["os/2"]).checked()
            #expect(!result.text.contains("history"), "\(result.text)")
        }
        // Who asks for it gets it.
        expectSuccess(try push(["os/2"], ["--fill-history"]))
        #expect(
            try OSTreeCommand.lines(stage.cache, ["log", "os/2"]).filter { $0.hasPrefix("commit") }.count == 3
        )
        #expect(try OSTreeCommand.revParse(stage.cache, "os/2") == last)
    }

    @Test func `What expiry has cut is neither missed nor filled in`() throws {
        _ = try push("--fill-history").checked()
        expectSuccess(
            try stage.artifact(["repo", "expire", "--repo", stage.cache, "--keep-commits", "3"]))
        let copy = try stage.copy(stage.cache, as: "copy")
        for cache in [stage.cache, copy] {
            for options in [[], ["--fill-history"]] {
                let result = try push([Self.ref], to: cache, options).checked()
                #expect(try objectsSent(result) == 0)
                #expect(!result.text.contains("history") && !result.text.contains("filled"), "\(result.text)")
            }
        }
        try expectHistory(commits[2...])
    }

    @Test func `A copy of a cache does not inherit what was noted there`() throws {
        _ = try push("--fill-history").checked()
        let copy = try stage.copy(stage.cache, as: "copy")
        try OSTreeCommand.lines(copy, ["prune", "--refs-only", "--depth=0"])
        let result = try push([Self.ref], to: copy, ["--no-fill-history"]).checked()
        #expect(result.text.contains("the history of os/1 ends at \(tip) there"), "\(result.text)")
    }

    @Test func `Hooks hear of a ref whose history is filled in, and refuse that`() throws {
        let log = stage.directory.path("log")
        let told = ["--pre-receive", try stage.program("told", "cat > '\(log)'")]
        let refusing = ["--pre-receive", try stage.program("refusing", "cat > /dev/null; exit 3")]
        try expectFailure("pre-receive", status: 5, unchanged: [stage.cache]) {
            try push("--fill-history", receiver: refusing)
        }
        expectSuccess(try push("--fill-history", receiver: told))
        #expect(try text(ofFile: log) == "\(tip) \(tip) os/1\n")
        try expectHistory(commits)
    }

    @Test func `A hook that refuses to move a ref is not asked again without ancestors`() throws {
        try stage.commit(Self.ref, text: "6")
        let log = stage.directory.path("log")
        let hook = try stage.program("refusing", "cat >> '\(log)'; exit 3")
        try expectFailure("pre-receive", status: 5, unchanged: [stage.cache]) {
            try push(receiver: ["--pre-receive", hook])
        }
        #expect(try text(ofFile: log).split(separator: "\n").count == 1)
    }

    @Test func `A hook that refuses ancestors of a ref that stays leaves them out`() throws {
        let hook = try stage.program("refusing", "cat > /dev/null; exit 3")
        let result = try push(receiver: ["--pre-receive", hook]).checked()
        #expect(result.errorText.contains("no history was filled in, since"), "\(result.errorText)")
        try expectHistory([tip])
    }

    @Test func `Limits and signatures hold for what is filled in`() throws {
        try expectFailure("larger than this cache takes", status: 5, unchanged: [stage.cache]) {
            try push("--fill-history", receiver: ["--max-push-size", "100"])
        }
        let keys = try SigningKeys(.ed25519)
        for commit in commits where commit != commits[1] { try keys.sign(stage.mine, commit) }
        try keys.sign(stage.cache, tip)
        try expectFailure("commit \(commits[1])", status: 5, unchanged: [stage.cache]) {
            try push("--fill-history", receiver: keys.options)
        }
        try keys.sign(stage.mine, commits[1])
        expectSuccess(try push("--fill-history", receiver: keys.options))
        try expectHistory(commits)
    }

    @Test func `Ancestors that come unasked, behind a commit that was not sent, stay out`() throws {
        let newest = try stage.commit(Self.ref, text: "6")
        let archive = stage.directory.path("archive")
        try OSTreeCommand.initRepo(archive, mode: .archive)
        try OSTreeCommand.lines(archive, ["pull-local", "--depth=-1", stage.mine, Self.ref])
        var stream = try ObjectStream(ofArchive: archive)
        stream.objects.removeAll { $0.name == "\(tip).commit" }
        #expect(stream.objects.count { $0.name.hasSuffix(".commit") } == 5)
        expectSuccess(
            try ReceiverRun.run(stage.cache, ReceiverRun.push([(Self.ref, tip, newest)], stream)))
        try expectHistory([tip, newest])
    }

    @Test func `A push onto a long history costs no more calls than onto a short one`() throws {
        let short = try calls(behind: 10)
        let long = try calls(behind: 2000)
        let before = try calls(behind: 2000, capabilities: "want,long,meta")
        let counts = "\(short) onto 10 commits, \(long) onto 2,000, \(before) where no history is looked for"
        // Threads wait for each other more or less often.
        #expect(long < short + 100 && long < before + 100, "system calls of a push: \(counts)")
        print("system calls of a push: \(counts)")
    }

    /// Counts the system calls of a push of one commit to a cache that was brought a history of this length.
    private func calls(behind length: Int, capabilities: String? = nil) throws -> Int {
        let stage = try Stage()
        let sample = SampleCommit("sample")
        var objects = ObjectStream(sample.objects.dropLast().map { ($0.name.fileName, $0.bytes) })
        var parent: Checksum?
        for number in 0..<length {
            let commit = SampleObject.commit(
                tree: sample.root.checksum.bytes, metadata: sample.rootMetadata.checksum.bytes,
                parent: parent?.bytes ?? [], subject: "\(number)")
            objects.objects.append((commit.name.fileName, commit.bytes))
            parent = commit.checksum
        }
        let tip = try #require(parent).hex
        expectSuccess(
            try ReceiverRun.run(stage.cache, ReceiverRun.push([(Self.ref, Frame.nothing, tip)], objects)))
        try OSTreeCommand.lines(stage.mine, ["pull-local", stage.cache, Self.ref])
        try stage.commit(Self.ref, text: "newest")
        let counts = stage.directory.path("counts")
        let client = try ["strace", "-f", "-c", "-o", counts, Programs.artifact()]
        let words = try stage.pushing([Self.ref], Stage.receiver([]))
        let result = try run(
            client + words,
            environment: ["HOME": stage.directory.path("home"), "BST_ARTIFACT_ABILITIES": capabilities])
        expectSuccess(result)
        #expect(try objectsSent(result) < 10)
        let total = try text(ofFile: counts).split(separator: "\n")
            .last { $0.hasSuffix(" total") }?.split(separator: " ")
        return try #require(total.flatMap { Int($0[3]) })
    }
}
