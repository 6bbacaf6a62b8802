// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The programs where few files may be open: the number of open files depends neither on a tree nor on its refs.
@Suite struct FewDescriptorsTests {
    /// A tree of many directories, of which some are below each other, with large files too.
    private func tree(in directory: TemporaryDirectory) throws -> String {
        for index in 0..<150 { try directory.file("tree/d\(index)/file", "\(index)") }
        for index in 0..<70 {
            let text = String(repeating: "large \(index)", count: 200_000)
            try directory.file("tree/large/\(index)", text)
        }
        var path = "tree"
        for index in 0..<150 {
            path += "/n"
            try directory.file("\(path)/file", "below \(index)")
        }
        return directory.path("tree")
    }

    @Test(arguments: [OSTreeCommand.Mode.archive, .bareUser])
    func `Sixty-four are enough for a large and deep tree`(mode: OSTreeCommand.Mode) throws {
        let stage = try Stage(mode)
        // Refs with many parts are many directories.
        let refs =
            ["a/b/c", (0..<100).map { "p\($0)" }.joined(separator: "/")] + (0..<70).map { "r/\($0)/x" }
        let commit = try OSTreeCommand.commit(stage.mine, tree: tree(in: stage.directory), refs: refs)
        func run(_ arguments: [String]) throws {
            expectSuccess(
                try stage.run(["prlimit", "--nofile=64", Programs.artifact()] + arguments))
        }
        try run(stage.pushing(refs))
        try stage.expectArrived(["a/b/c", refs[1]], at: commit)
        try run(["repo", "fsck", "--repo", stage.cache])
        try run(["list", "--remote", "file://\(stage.cache)"])
        try run(["repo", "stats", "--repo", stage.cache])
        let other = try stage.another()
        try run(other.pulling(from: "file://\(stage.cache)"))
        try run(["show", "--repo", other.mine, "a/b/c"])
        try run(["repo", "summary", "--repo", stage.cache])
        try run(["repo", "expire", "--repo", stage.cache, "--max-size", "1"])
        #expect(try OSTreeCommand.refs(stage.cache).isEmpty)
    }
}
