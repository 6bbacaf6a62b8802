// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// Pushes into a cache whose disk has no room for them, or only just.
struct DiskFullCampaign {
    /// True if only some sizes are tried.
    let isShort: Bool

    /// The results of one kind of pushes.
    struct Tally: Codable {
        let name: String
        var refused = 0
        var taken = 0
        var failures: [String] = []
    }

    /// Needs a mount namespace of its own.
    func run() throws -> [Tally] {
        let directory = try TemporaryDirectory()
        let source = directory.path("source")
        try OSTreeCommand.initRepo(source, mode: .archive)
        return try [pages(source, directory), shares(source, directory), minimumFree(source, directory)]
    }

    private func commit(
        _ source: String, _ refs: [String], seed: UInt64, bytes: Int, _ directory: TemporaryDirectory
    )
        throws
    {
        let tree = try directory.makeDirectory("tree-\(seed)")
        try Data(SampleTree.noise(count: bytes, seed: seed)).write(to: URL(fileURLWithPath: "\(tree)/large"))
        for number in 0..<4 {
            let below = try directory.makeDirectory("tree-\(seed)/directory-\(number)")
            try Data("\(seed) \(number)".utf8).write(to: URL(fileURLWithPath: "\(below)/file"))
        }
        try OSTreeCommand.commit(source, tree: tree, refs: refs, options: ["--no-bindings"])
        try FileManager.default.removeItem(atPath: tree)
    }

    private func push(_ refs: [String], _ source: String, _ disk: FullDisk, _ receiver: [String] = []) throws
        -> ProcessResult
    {
        let command = ([try Programs.receiver()] + receiver).joined(separator: " ")
        return try TestSupport.run(
            [
                Programs.artifact(), "push", "--repo", source, "--remote", disk.cache, "--receiver", command,
            ] + refs, environment: RacePusher.environment)
    }

    private func snapshot(_ disk: FullDisk) throws -> TreeSnapshot {
        // What a push remembers of complete directories is no reader's business.
        try TreeSnapshot(disk.cache, excluding: ["tmp", ".lock", "state"])
    }

    /// Pushes once with too little room, or enough of it, and looks at the cache.
    private func attempt(
        _ refs: [String], _ source: String, _ disk: FullDisk, _ name: String, _ tally: inout Tally
    ) throws {
        let before = try snapshot(disk)
        let result = try push(refs, source, disk)
        if result.succeeded {
            tally.taken += 1
        } else {
            tally.refused += 1
            if !result.failed || !result.errorText.contains("full") {
                tally.failures.append("\(name): \(result.status), \(result.errorText)")
            }
            let objects = try snapshot(disk).differences(from: before)
            if !objects.isEmpty { tally.failures.append("\(name): the cache changed: \(objects)") }
        }
        do { try OSTreeCommand.fsck(disk.cache) } catch { tally.failures.append("\(name): \(error)") }
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(disk.cache)/tmp").filter {
            $0.hasPrefix("bst-artifact-")
        }
        if !left.isEmpty { tally.failures.append("\(name): \(left) is left") }
    }

    /// Every number of pages between none and enough.
    private func pages(_ source: String, _ directory: TemporaryDirectory) throws -> Tally {
        var tally = Tally(name: "pages that are left")
        let refs = ["p/e/strong", "p/e/weak"]
        try commit(source, ["before"], seed: 1, bytes: 10_000, directory)
        try commit(source, refs, seed: 2, bytes: 60_000, directory)
        var pages = 0
        var successes = 0
        while successes < 3 {
            let disk = try FullDisk(at: directory.path("mount"), megabytes: 4)
            try push(["before"], source, disk).checked()
            try disk.fill(leaving: pages * 4096)
            let taken = tally.taken
            try attempt(refs, source, disk, "\(pages) pages left", &tally)
            if tally.taken > taken { successes += 1 }
            disk.empty()
            let again = try push(refs, source, disk)
            if !again.succeeded {
                tally.failures.append("\(pages) pages left, then enough: \(again.errorText)")
            }
            do { try OSTreeCommand.fsck(disk.cache) } catch { tally.failures.append("\(pages): \(error)") }
            pages += isShort ? 5 : 1
        }
        return tally
    }

    private func shares(_ source: String, _ directory: TemporaryDirectory) throws -> Tally {
        var tally = Tally(name: "share of the disk in use")
        try commit(source, ["large"], seed: 3, bytes: 3_000_000, directory)
        for share in [0, 50, 90, 99] {
            let disk = try FullDisk(at: directory.path("mount"), megabytes: 8)
            try disk.fill(leaving: disk.size / 100 * (100 - share))
            let taken = tally.taken
            try attempt(["large"], source, disk, "\(share) % in use", &tally)
            if (tally.taken > taken) != (share <= 50) {
                tally.failures.append("\(share) % in use: \(tally.taken > taken ? "taken" : "refused")")
            }
            disk.empty()
            try push(["large"], source, disk).checked()
        }
        return tally
    }

    /// Old artifacts make room; pinned ones stay; what cannot fit moves nothing.
    private func minimumFree(_ source: String, _ directory: TemporaryDirectory) throws -> Tally {
        var tally = Tally(name: "--min-free")
        func expect(_ isTrue: Bool, _ words: String) {
            if !isTrue { tally.failures.append("--min-free: \(words)") }
        }
        let disk = try FullDisk(at: directory.path("mount"), megabytes: 8)
        let options = ["--min-free", "2M", "--keep", "'pinned/*'"]
        try commit(source, ["pinned/1"], seed: 100, bytes: 1_000_000, directory)
        try push(["pinned/1"], source, disk, options).checked()
        for number in 0..<10 {
            try commit(source, ["a/\(number)"], seed: UInt64(101 + number), bytes: 1_000_000, directory)
            // The times of refs tell seconds.
            try TestSupport.run([
                "find", "\(disk.cache)/refs/heads", "-type", "f", "-exec", "touch", "-d", "-1 min", "{}", "+",
            ])
            .checked()
            for older in 0..<number {
                let time = "-\(100 - older) min"
                _ = try TestSupport.run(["touch", "-c", "-d", time, "\(disk.cache)/refs/heads/a/\(older)"])
            }
            let result = try push(["a/\(number)"], source, disk, options)
            expect(result.succeeded, "push \(number): \(result.errorText)")
            tally.taken += 1
            let refs = try OSTreeCommand.refs(disk.cache)
            expect(refs.contains("pinned/1") && refs.contains("a/\(number)"), "\(refs) after push \(number)")
            let kept = refs.filter { $0.hasPrefix("a/") }
            expect(kept == (number + 1 - kept.count...number).map { "a/\($0)" }, "\(kept) is not the newest")
            // What refs and records take is not counted.
            expect(disk.free >= (2 << 20) - 65_536, "\(disk.free) bytes are free")
            do { try OSTreeCommand.fsck(disk.cache) } catch { expect(false, "\(error)") }
        }
        expect(try OSTreeCommand.refs(disk.cache).count < 7, "nothing went")
        // Room for the small objects of the next push, which come first: for them, artifacts would have to go.
        try OSTreeCommand.lines(disk.cache, ["refs", "--delete", "a/9"])
        try OSTreeCommand.lines(disk.cache, ["prune", "--refs-only"])
        try commit(source, ["huge"], seed: 200, bytes: 9_000_000, directory)
        let before = try snapshot(disk)
        let result = try push(["huge"], source, disk, options)
        tally.refused += 1
        expect(result.failed && result.errorText.contains("does not fit"), result.errorText)
        let differences = try snapshot(disk).differences(from: before)
        expect(differences.isEmpty, "what cannot fit changed the cache: \(differences)")
        return tally
    }
}
