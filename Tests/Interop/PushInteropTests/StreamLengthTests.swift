// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Python's `tarfile`, with which existing receivers read, stops at the first of the two zero blocks that end a
/// stream. Where the second one begins another record of 10,240 bytes, it would be taken for a frame.
@Suite struct StreamLengthTests {
    @Test func `Object streams of every length modulo a record reach Python's tarfile`() throws {
        let stage = try Stage()
        var lengths: Set<Int> = []
        let receiver = try PythonPeer.receiver()
        for blocks in 0..<20 {
            // Incompressible, so that each stream is a block longer than the one before.
            let ref = "length/\(blocks)"
            let tree = "tree-\(blocks)"
            try stage.directory.file(
                "\(tree)/noise", SampleTree.noise(count: 1 + 512 * blocks, seed: UInt64(blocks)))
            let commit = try OSTreeCommand.commit(
                stage.mine, tree: stage.directory.path(tree), refs: [ref], parent: "none")
            lengths.insert(try length(of: commit, in: stage.mine) % 20)
            let result = try stage.push([ref], ["--receiver", receiver])
            expectSuccess(result)
            #expect(try OSTreeCommand.revParse(stage.cache, ref) == commit, "\(blocks) blocks")
        }
        #expect(lengths.count == 20, "the lengths that were tried: \(lengths.sorted())")
        try OSTreeCommand.fsck(stage.cache)
    }

    /// Counts the blocks that the objects of a commit take in a tar stream, headers included.
    private func length(of commit: String, in repository: String) throws -> Int {
        // Commits and trees of this repository share no object except a dirmeta of a block.
        let trees = try OSTreeCommand.lines(repository, ["ls", "-C", "-R", commit])
        var names: Set<String> = ["\(commit).commit"]
        for line in trees {
            let fields = line.split(separator: " ").map(String.init)
            let checksums = fields.filter { $0.utf8.count == 64 }
            if line.hasPrefix("d") {
                names.formUnion(zip(checksums, ["dirtree", "dirmeta"]).map { "\($0).\($1)" })
            } else {
                names.formUnion(checksums.map { "\($0).filez" })
            }
        }
        return try names.reduce(0) { sum, name in
            let entry = try TreeSnapshot(
                repository + ObjectPath.path(name)
            ).entries["."]
            return sum + 1 + (try #require(entry).size + 511) / 512
        }
    }
}
