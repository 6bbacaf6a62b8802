// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Testing

/// New trees that resemble whole ones: what both have is not looked for. A file that was removed behind the repository's back,
/// without a trace, is noticed only where it is looked for.
@Suite struct CounterpartsTests {
    private let scratch: TemporaryDirectory
    private let repository: Repository
    private let first = SampleArtifact("first", files: 0...3)
    private let second = SampleArtifact("second", files: 0...5)

    init() throws {
        scratch = try TemporaryDirectory()
        repository = try scratch.repository(.archive)
        try repository.push(first, as: "first", usedBefore: 0)
    }

    /// The numbers of the second artifact's files that are found missing when its commit and directory are here.
    private func missingFiles(similar: [Checksum], trustsMarks: Bool = true) throws -> Set<Int> {
        let quarantine = try repository.makeQuarantine(.transient)
        defer { quarantine.discard() }
        let missing = MissingObjects(in: quarantine, trustsMarks: trustsMarks)
        missing.findSimilar = { similar }
        try missing.add(second.checksum)
        var files: Set<Int> = []
        while let name = try missing.next() {
            if let file = second.files.firstIndex(where: { $0.name == name }) { files.insert(file) }
            if let object = [second.commit, second.root].first(where: { $0.name == name }) {
                try quarantine.take(object)
                try missing.arrived(name)
            }
        }
        return files
    }

    @Test func `What a whole directory has is not looked for`() throws {
        #expect(try missingFiles(similar: [first.checksum]) == [4, 5])
        try repository.lose(first.files[1], secretly: true)
        #expect(try missingFiles(similar: [first.checksum]) == [4, 5])
    }

    @Test func `It is looked for where no commit is known to resemble the new one`() throws {
        try repository.lose(first.files[1], secretly: true)
        #expect(try missingFiles(similar: []) == [1, 4, 5])
    }

    @Test func `It is looked for where marks are not to be believed`() throws {
        try repository.lose(first.files[1], secretly: true)
        #expect(try missingFiles(similar: [first.checksum], trustsMarks: false) == [1, 4, 5])
    }

    @Test func `It is looked for after anything was removed`() throws {
        try repository.lose(first.files[1], secretly: false)
        #expect(try missingFiles(similar: [first.checksum]) == [1, 4, 5])
    }

    @Test func `A commit that is not here, or has nothing in common, is of no use`() throws {
        let other = SampleArtifact("other", files: 10...12)
        try repository.push(other, as: "other", usedBefore: 0)
        #expect(try missingFiles(similar: [second.checksum, other.checksum]) == [4, 5])
        try repository.lose(first.files[1], secretly: true)
        #expect(try missingFiles(similar: [second.checksum, other.checksum]) == [1, 4, 5])
        #expect(try missingFiles(similar: [second.checksum, other.checksum, first.checksum]) == [4, 5])
    }
}
