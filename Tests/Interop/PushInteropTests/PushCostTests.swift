// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The cost of a push, which depends on its new objects and not on the size of the tree.
@Suite struct PushCostTests {
    @Test func `One changed file beside 20,000 costs hardly more calls than beside 200`() throws {
        let few = try calls(levels: 1)
        let many = try calls(levels: 3)
        // Two more directories on the way down, of ten directories each.
        #expect(many < few * 2, "\(few) system calls beside 200 files, \(many) beside 20,000")
        print("system calls of the receiver: \(few) beside 200 files, \(many) beside 20,000")
    }

    /// Pushes a tree of 20 files in each of ten directories in each of ten directories and so on, changes one file, and counts
    /// the system calls of a receiver that gets nothing but what is new.
    private func calls(levels: Int) throws -> Int {
        let directory = try TemporaryDirectory()
        let cache = directory.path("cache")
        // So many files are made faster in memory. The cache is on a disk, for its marks.
        let memory =
            access("/dev/shm", W_OK) == 0 ? "/dev/shm/\(UUID().uuidString)" : directory.path("builder")
        try FileManager.default.createDirectory(atPath: memory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: memory) }
        let (source, tree) = ("\(memory)/source", "\(memory)/tree")
        try OSTreeCommand.initRepo(source, mode: .archive)
        try OSTreeCommand.lines(source, ["config", "set", "core.fsync", "false"])
        try fill(tree, levels: levels)
        let first = try OSTreeCommand.commit(source, tree: tree, refs: ["first"])
        // A push that brings nothing finds out that all of it is there.
        try run(["cp", "-a", source, cache]).checked()
        let nothing = ReceiverRun.push([("again", Frame.nothing, first)], ObjectStream([]))
        expectSuccess(try ReceiverRun.run(cache, nothing))
        let known = Set(try OSTreeCommand.listObjects(source))
        let changed = tree + String(repeating: "/5", count: levels) + "/file-3"
        try Data("changed".utf8).write(to: URL(fileURLWithPath: changed))
        let second = try OSTreeCommand.commit(source, tree: tree, refs: ["second"], parent: "none")
        #expect(first != second)
        var stream = try ObjectStream(ofArchive: source)
        stream.objects.removeAll { known.contains($0.name) }
        #expect(stream.objects.count == levels + 3, "a file, its directories, and the commit")
        let bytes = ReceiverRun.push([("second", Frame.nothing, second)], stream)
        let counts = directory.path("counts")
        let result = try run(
            ["strace", "-f", "-c", "-o", counts, Programs.receiver(), cache], input: .bytes(bytes))
        expectSuccess(result)
        try expectArrived(["again", "first"], at: first, in: cache)
        #expect(try OSTreeCommand.revParse(cache, "second") == second)
        let total = try String(contentsOfFile: counts, encoding: .utf8).split(separator: "\n")
            .last { $0.hasSuffix(" total") }?.split(separator: " ")
        // % time, seconds, usecs/call, calls, errors, total
        return try #require(total.flatMap { Int($0[3]) })
    }

    private func fill(_ directory: String, levels: Int) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        guard levels > 0 else {
            for number in 0..<20 {
                try Data("\(directory) \(number)".utf8).write(
                    to: URL(fileURLWithPath: "\(directory)/file-\(number)"))
            }
            return
        }
        for number in 0..<10 {
            try fill("\(directory)/\(number)", levels: levels - 1)
        }
    }
}
