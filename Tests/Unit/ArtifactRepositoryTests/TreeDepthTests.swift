// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Testing

/// A tree.
@Suite struct TreeDepthTests {
    /// So many directories inside one another, the innermost first.
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

    private static func push(
        _ trees: [SampleObject], root: SampleObject, maximumOpenSize: UInt64? = nil
    ) throws {
        let scratch = try TemporaryDirectory()
        let metadata = SampleObject.dirmeta()
        let commit = SampleObject.commit(tree: root.checksum.bytes, metadata: metadata.checksum.bytes)
        let repository = try scratch.repository(.archive)
        #expect(repository.maximumOpenSize == 16 << 20)
        repository.maximumOpenSize = maximumOpenSize ?? repository.maximumOpenSize
        try repository.push(
            trees + [metadata, commit], RefEdit(.named("deep"), from: .mustNotExist, to: commit.checksum))
    }

    @Test(arguments: [1, 256])
    func `A tree may be 256 directories deep`(depth: Int) throws {
        let trees = Self.nested(depth)
        try Self.push(trees, root: trees[depth - 1])
    }

    @Test(arguments: [257])
    func `A tree of more directories is refused`(depth: Int) throws {
        let trees = Self.nested(depth)
        let error = #expect(throws: RepositoryError.self) { try Self.push(trees, root: trees[depth - 1]) }
        #expect(error?.code == .badObject)
    }

    @Test
    func
        `A tree has directories of so many bytes on each way down, however many there are beside each other`()
        throws
    {
        let metadata = SampleObject.dirmeta()
        let file = ArchivedFile().object()
        // Two of these have just over 256 KiB.
        let limit: UInt64 = 256 << 10
        let names = (0..<453).map { "\(100_000 + $0)" + String(repeating: "n", count: 246) }
        func directory(_ name: String, _ children: [SampleObject]) -> SampleObject {
            .dirtree(
                files: names.map { ($0, file.checksum.bytes) },
                directories: children.enumerated().map {
                    ("\(name)\($0.offset)", $0.element.checksum.bytes, metadata.checksum.bytes)
                })
        }
        let first = directory("a", [])
        let second = SampleObject.dirtree(files: names.dropLast().map { ($0, file.checksum.bytes) })
        let beside = SampleObject.dirtree(directories: [
            ("a", first.checksum.bytes, metadata.checksum.bytes),
            ("b", second.checksum.bytes, metadata.checksum.bytes),
        ])
        #expect(throws: Never.self) {
            try Self.push([file, first, second, beside], root: beside, maximumOpenSize: limit)
        }
        let above = directory("a", [first])
        let error = #expect(throws: RepositoryError.self) {
            try Self.push([file, first, above], root: above, maximumOpenSize: limit)
        }
        #expect(error?.description.contains("262144") == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test
    func
        `A tree is as deep as its longest way down, though a shorter way to the same directory was seen before`()
        throws
    {
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
