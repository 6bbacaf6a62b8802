// SPDX-License-Identifier: Apache-2.0

import Foundation
import S3Samples
import TestSupport
import Testing

/// Upkeep of a cache in a bucket by `bst-artifact repo`.
@Suite struct BucketUpkeepTests {
    private let store: ToyStore
    private let stage: BucketStage

    init() throws {
        store = try ToyStore()
        stage = try BucketStage(cacheIn: store)
    }

    private func repo(_ command: String, _ options: [String] = []) throws -> ProcessResult {
        try stage.artifact(["repo", command, stage.address] + options)
    }

    /// Returns the refs in the summary, as ostree reads it.
    private func summary() throws -> [String: String] {
        let bytes = try #require(store["team-a/summary"])
        let mirror = try stage.repository("summary-\(UInt32.random(in: 0 ... .max))", .archive)
        try Data(bytes).write(to: URL(filePath: "\(mirror)/summary"))
        let text = try OSTreeCommand.lines(mirror, ["summary", "-v"]).joined(separator: "\n")
        var refs: [String: String] = [:]
        var name = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("* ") { name = String(line.dropFirst(2)) }
            let words = line.split(separator: " ")
            if let word = words.last, word.count == 64, refs[name] == nil { refs[name] = String(word) }
        }
        return refs
    }

    @Test func `The summary has all refs after each push and deletion, and a list shows it`() throws {
        #expect(try summary().isEmpty)
        let first = try stage.commit("a/b/1", ["file": "1\n"])
        let second = try stage.commit("a/b/2", ["file": "2\n"])
        try stage.push(["a/b/1", "a/b/2"]).checked()
        #expect(try summary() == ["a/b/1": first, "a/b/2": second])
        let third = try stage.commit("a/a", ["file": "3\n"])
        try stage.push(["a/a"], Stage.receiver([])).checked()
        try stage.artifact(["delete", "--remote", stage.address, "a/b/1"]).checked()
        #expect(try summary() == ["a/a": third, "a/b/2": second])
        let list = try stage.artifact(["list", "--remote", stage.address, "--long"]).checked()
        #expect(list.lines.count == 2 && list.text.contains(third), "\(list.text)")
        // A summary of another program, or none, is made anew.
        let ours = store["team-a/summary"]
        for bytes in [nil, [1, 2, 3]] as [[UInt8]?] {
            store["team-a/summary"] = bytes
            let made = try repo("summary").checked()
            #expect(made.text.contains("2 refs"), "\(made.text)")
            #expect(try summary() == ["a/a": third, "a/b/2": second])
        }
        #expect(store["team-a/summary"]?.count == ours?.count)
        try stage.artifact(["pull", "--repo", stage.theirs, "--remote", stage.address, "a/*"]).checked()
        #expect(try OSTreeCommand.refs(stage.theirs).sorted() == ["a/a", "a/b/2"])
    }

    @Test func `The log tells who moved which ref, the newest last`() throws {
        for number in 1...3 {
            _ = try stage.commit("a/b/\(number)", ["file": "\(number)\n"])
            try stage.push(["a/b/\(number)"], number == 2 ? Stage.receiver(["--pusher", "anna"]) : [])
                .checked()
        }
        try stage.artifact(["delete", "--remote", stage.address, "a/b/1"]).checked()
        let log = try stage.artifact(["repo", "log", "--repo", stage.address]).checked()
        let refs = log.lines.filter { $0.hasPrefix("  ") }.map {
            $0.split(separator: ":")[0].trimmingCharacters(in: .whitespaces)
        }
        #expect(refs == ["a/b/1", "a/b/2", "a/b/3", "a/b/1"], "\(log.text)")
        #expect(log.text.contains("anna: entry 2") && log.text.contains("the cache was made"))
        let last = try stage.artifact(["repo", "log", "--repo", stage.address, "--limit", "1", "a/b/1"])
            .checked()
        #expect(last.lines.count == 2 && last.text.contains("a/b/1: deleted"), "\(last.text)")
        let json = try stage.artifact(["repo", "log", "--repo", stage.address, "--json"]).checked()
        #expect(json.lines.count == 5 && json.lines.allSatisfy { $0.hasPrefix("{") }, "\(json.text)")
    }

    @Test func `Recovery writes what other programs read refs by`() throws {
        let commit = try stage.commit("a/b/1", ["file": "1\n"])
        _ = try stage.commit("a/b/2", ["file": "2\n"])
        try stage.push(["a/b/1", "a/b/2"]).checked()
        store["team-a/refs/heads/a/b/1"] = nil
        store["team-a/refs/heads/a/b/2"] = Array("\(commit)\n".utf8)
        let recovered = try repo("recover").checked()
        #expect(recovered.text.contains("2 refs of 2 written"), "\(recovered.text)")
        try stage.pull(["a/b/1", "a/b/2"]).checked()
        #expect(try OSTreeCommand.revParse(stage.theirs, "a/b/2") != commit)
        #expect(try repo("recover").text.contains("nothing to do"))
    }

    @Test func `Statistics count what is there`() throws {
        for number in 1...3 { _ = try stage.commit("p\(number % 2)/b/\(number)", ["file": "same\n"]) }
        try stage.push(["--all"]).checked()
        let stats = try repo("stats").checked()
        #expect(stats.text.contains("p1") && stats.text.contains("6 objects"), "\(stats.text)")
        let json = try JSONSerialization.jsonObject(with: Data(repo("stats", ["--json"]).output))
        let sizes = try #require(json as? [String: Any])
        let bytes = try #require(sizes["bytes"] as? Int)
        #expect(sizes["countedBytes"] as? Int == bytes && bytes > 0, "\(sizes)")
        let wrong = try stage.artifact(["repo", "stats", "/srv/artifacts"])
        #expect(wrong.status == .exited(64), "\(wrong.errorText)")
        let twice = try repo("stats", ["--repo", "/srv/artifacts"])
        #expect(twice.status == .exited(64), "\(twice.errorText)")
    }

    @Test func `A check finds what is missing, damaged, or not written for other programs`() throws {
        _ = try stage.commit("a/b/1", ["file": "1\n", "directory/other": "2\n"])
        try stage.push(["a/b/1"]).checked()
        let clean = try repo("fsck").checked()
        #expect(clean.text.contains("1 commit, 1 ref: nothing is damaged"), "\(clean.text)")
        let files = store.keys.filter { $0.hasSuffix(".filez") }
        let content = try #require(store[files[0]])
        store[files[0]] = Array(content.dropLast()) + [content[content.count - 1] ^ 1]
        #expect(try repo("fsck", ["--quick"]).status == .exited(0))
        let damaged = try repo("fsck")
        #expect(damaged.status == .exited(6) && damaged.text.contains("1 damaged"), "\(damaged.text)")
        store[files[0]] = nil
        let missing = try repo("fsck", ["--quick"])
        #expect(missing.status == .exited(6) && missing.text.contains("1 missing"), "\(missing.text)")
        store[files[0]] = content
        store["team-a/refs/heads/a/b/1"] = nil
        let view = try repo("fsck")
        #expect(view.status == .exited(6) && view.errorText.contains("repo recover"), "\(view.errorText)")
        try repo("recover").checked()
        try repo("fsck").checked()
    }

    @Test func `Expiry leaves refs that an access log tells of, by name or by commit`() throws {
        store.now = Int(Date().timeIntervalSince1970) - 10 * 86_400
        var commits: [String] = []
        for number in 1...4 { commits.append(try stage.commit("a/b/\(number)", ["file": "\(number)\n"])) }
        try stage.push(["--all"]).checked()
        store.now = Int(Date().timeIntervalSince1970)
        func line(_ path: String, daysAgo days: Int) -> String {
            let time = Date(timeIntervalSinceNow: -Double(days) * 86_400)
            let format = DateFormatter()
            (format.locale, format.timeZone) = (
                Locale(identifier: "en_US_POSIX"), TimeZone(identifier: "UTC")
            )
            format.dateFormat = "dd/MMM/yyyy:HH:mm:ss Z"
            return
                "192.0.2.1 - - [\(format.string(from: time))] \"GET /\(path) HTTP/1.1\" 200 65 \"-\" \"curl\"\n"
        }
        let log = try stage.directory.file(
            "access.log",
            line("refs/heads/a/b/1", daysAgo: 2) + line("refs/heads/a/b/2", daysAgo: 9)
                + line("objects/\(commits[2].prefix(2))/\(commits[2].dropFirst(2)).commit", daysAgo: 1)
                + line("refs/heads/no/such", daysAgo: 1))
        let options = ["--older-than", "8d", "--access-log", log, "--grace", "0h"]
        let plan = try repo("expire", options + ["--dry-run"]).checked()
        #expect(plan.text.contains("3 pulls noted") && plan.text.contains("2 refs would go"), "\(plan.text)")
        try repo("expire", options).checked()
        #expect(try summary().keys.sorted() == ["a/b/1", "a/b/3"])
        #expect(try repo("expire", ["--access-log", log]).status == .exited(64))
    }

    @Test func `A push of what is there counts as use, with a receiver and without`() throws {
        store.now = Int(Date().timeIntervalSince1970) - 10 * 86_400
        for number in 1...3 { _ = try stage.commit("a/b/\(number)", ["file": "\(number)\n"]) }
        try stage.push(["--all"]).checked()
        store.now = Int(Date().timeIntervalSince1970)
        try stage.push(["a/b/1"]).checked()
        try stage.push(["a/b/2"], Stage.receiver([])).checked()
        let expired = try repo("expire", ["--older-than", "9d", "--grace", "0h"]).checked()
        #expect(
            expired.text.contains("a/b/3: last used") && expired.text.contains("1 ref gone"),
            "\(expired.text)")
        #expect(try summary().keys.sorted() == ["a/b/1", "a/b/2"])
    }

    @Test func `Expiry removes old refs, and all that no ref needs`() throws {
        store.now = Int(Date().timeIntervalSince1970) - 10 * 86_400
        for number in 1...3 {
            _ = try stage.commit("a/b/\(number)", ["file": "\(number)\n", "same": "same\n"])
        }
        try stage.push(["a/b/1", "a/b/2"]).checked()
        store.now = Int(Date().timeIntervalSince1970)
        try stage.push(["a/b/3"]).checked()
        let options = ["--older-than", "9d", "--grace", "0h", "--keep", "*/2"]
        let before = store.keys
        let plan = try repo("expire", options + ["--dry-run"]).checked()
        #expect(
            plan.text.contains("a/b/1: last used") && plan.text.contains("1 ref would go"), "\(plan.text)")
        #expect(store.keys == before)
        let expired = try repo("expire", options).checked()
        #expect(expired.text.contains("1 ref gone, 3 objects gone"), "\(expired.text)")
        #expect(try summary().keys.sorted() == ["a/b/2", "a/b/3"])
        try repo("fsck").checked()
        // Somebody has put an object by hand, which the next expiry counts.
        store["team-a/objects/00/\(String(repeating: "0", count: 62)).filez"] = [1, 2, 3]
        try repo("expire", ["--grace", "0h"]).checked()
        let counted = try stage.artifact(["repo", "log", "--repo", stage.address, "--limit", "1"]).checked()
        #expect(counted.text.contains(" were counted"), "\(counted.text)")
        store["team-a/objects/00/\(String(repeating: "0", count: 62)).filez"] = nil
        #expect(try stage.pull(["a/b/1"]).status == .exited(3))
        try stage.pull(["a/b/2", "a/b/3"]).checked()
        let log = try stage.artifact(["repo", "log", "--repo", stage.address]).checked()
        for step in ["condemned", "sweeping", "swept"] {
            #expect(log.text.contains("garbage, \(step)"), "\(log.text)")
        }
        for wrong in [["--max-size", "1G"], ["--min-free", "1G"]] {
            #expect(try repo("expire", wrong).status == .exited(64))
        }
        let local = try stage.artifact(["repo", "expire", "--repo", stage.mine, "--older-than", "9d"])
        #expect(local.status == .exited(64), "\(local.errorText)")
    }

    @Test func `A cache is copied into a bucket and back, with its history, and a copy is resumed`() throws {
        let local = try stage.repository("local", .archive)
        var parent = "none"
        for number in 1...3 {
            parent = try stage.commit("os/stable", ["file": "\(number)\n"], in: local, parent: parent)
        }
        for number in 0..<70 { _ = try stage.commit("a/b/\(number)", ["file": "\(number % 5)\n"], in: local) }
        let copied = try stage.artifact(["copy", local, stage.address]).checked()
        #expect(copied.text.contains("71 refs copied, 0 there already"), "\(copied.text)")
        #expect(try summary().count == 71)
        try repo("fsck").checked()
        let again = try stage.artifact(["copy", local, stage.address]).checked()
        #expect(again.text.contains("0 refs copied, 71 there already; 0 objects"), "\(again.text)")
        let back = stage.directory.path("back")
        let returned = try stage.artifact(["copy", stage.address, back]).checked()
        #expect(returned.text.contains("71 refs copied"), "\(returned.text)")
        #expect(try OSTreeCommand.refs(back).sorted() == OSTreeCommand.refs(local).sorted())
        try OSTreeCommand.fsck(back)
        #expect(
            try OSTreeCommand.lines(back, ["log", "os/stable"]).filter { $0.hasPrefix("commit ") }.count == 3)
        #expect(try stage.artifact(["copy", stage.address, back]).text.contains("0 refs copied, 71"))
        #expect(try stage.artifact(["copy", local, back]).status == .exited(64))
        // Refs that an interrupted copy has moved are not moved again.
        try stage.artifact(["delete", "--remote", stage.address, "a/b/1", "a/b/2"]).checked()
        let rest = try stage.artifact(["copy", local, stage.address]).checked()
        #expect(rest.text.contains("2 refs copied, 69 there already"), "\(rest.text)")
    }
}
