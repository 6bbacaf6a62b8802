// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Testing

@Suite("A tree")
struct TreeDepthTests {
    /// So many folders inside one another, the innermost first.
    private static func nested(_ depth: Int, inside: SampleObject? = nil) -> [SampleObject] {
        let metadata = SampleObject.dirmeta().checksum.bytes
        var trees = [SampleObject.dirtree()]
        if let inside {
            trees = [SampleObject.dirtree(directories: [("x", inside.checksum.bytes, metadata)])]
        }
        while trees.count < depth {
            let child = trees[trees.count - 1].checksum.bytes
            trees.append(SampleObject.dirtree(directories: [("d", child, metadata)]))
        }
        return trees
    }

    private static func push(_ trees: [SampleObject], root: SampleObject) throws {
        let scratch = try ScratchFolder()
        defer { scratch.remove() }
        let metadata = SampleObject.dirmeta()
        let commit = SampleObject.commit(tree: root.checksum.bytes, metadata: metadata.checksum.bytes)
        try scratch.repository(.archive).push(
            trees + [metadata, commit], RefChange(.named("deep"), to: commit.checksum, expecting: .absent))
    }

    @Test("may be 256 folders deep", arguments: [1, 256])
    func deep(depth: Int) throws {
        let trees = Self.nested(depth)
        try Self.push(trees, root: trees[depth - 1])
    }

    @Test("of more folders is refused", arguments: [257])
    func tooDeep(depth: Int) throws {
        let trees = Self.nested(depth)
        let error = #expect(throws: RepositoryError.self) { try Self.push(trees, root: trees[depth - 1]) }
        #expect(error?.code == .badObject)
    }

    @Test("is as deep as its longest way down, though a shorter way to the same folder was seen before")
    func sharedFolders() throws {
        let shared = Self.nested(130)
        let way = Self.nested(130, inside: shared[129])
        let metadata = SampleObject.dirmeta().checksum.bytes
        let root = SampleObject.dirtree(directories: [
            ("a", shared[129].checksum.bytes, metadata), ("b", way[129].checksum.bytes, metadata),
        ])
        let error = #expect(throws: RepositoryError.self) { try Self.push(shared + way + [root], root: root) }
        #expect(error?.code == .badObject)
    }
}
