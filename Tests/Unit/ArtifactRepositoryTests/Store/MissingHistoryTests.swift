// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Testing

/// Histories in which commits are missing.
@Suite struct MissingHistoryTests {
    private let scratch: TemporaryDirectory
    private let repository: Repository
    private let quarantine: any Quarantine
    /// The oldest first; all have the same files.
    private let commits: [SampleArtifact]

    init() throws {
        scratch = try TemporaryDirectory()
        repository = try scratch.repository(.archive)
        quarantine = try repository.makeQuarantine(.transient)
        commits = (0..<8).reduce(into: []) { commits, number in
            commits.append(SampleArtifact("\(number)", files: 0...0, parent: commits.last?.checksum))
        }
    }

    /// Brings everything that is missing, as a peer does that has these commits.
    ///
    /// - Returns: the commits that were asked for.
    private func bring(_ present: [SampleArtifact], to missing: MissingObjects) throws -> [Checksum] {
        let objects = Dictionary(present.flatMap(\.objects).map { ($0.name, $0) }) { first, _ in first }
        var asked: [Checksum] = []
        while let name = try missing.next() {
            if name.type == .commit { asked.append(name.checksum) }
            if let object = objects[name] {
                try quarantine.take(object)
                try quarantine.settle()
                try missing.arrived(name)
            } else {
                #expect(missing.markUnavailable(name))
            }
        }
        #expect(missing.isEmpty)
        return asked
    }

    private func publish(_ index: Int, behindStored: Bool) throws {
        _ = try quarantine.publish(
            [RefEdit(.named("p/a"), from: .any, to: commits[index].checksum)], moves: .any,
            merging: .followsReceived, scope: PublicationScope(goesBehindStored: behindStored))
        quarantine.discard()
        try repository.ostree("fsck")
    }

    private func isStored(_ index: Int) throws -> Bool {
        try repository.contains(ObjectName(commits[index].checksum, .commit))
    }

    @Test func `A history that is longer than allowed is refused`() throws {
        let missing = MissingObjects(in: quarantine, ancestors: .depth(.all))
        missing.commitLimit = 5
        let error = #expect(throws: RepositoryError.self) {
            try missing.add(commits[7].checksum)
            _ = try bring(commits, to: missing)
        }
        #expect(error?.code == .notAllowed)
        #expect(error?.description.contains("more than 5 commits") == true)
    }

    @Test func `A depth that ends before the limit is served`() throws {
        let missing = MissingObjects(in: quarantine, ancestors: .depth(HistoryDepth(ancestors: 4)))
        missing.commitLimit = 5
        try missing.add(commits[7].checksum)
        #expect(try bring(commits, to: missing) == commits[3...7].reversed().map(\.checksum))
        #expect(missing.historyEnds == [])
    }

    @Test func `A commit that is wanted for itself after it was wanted as an ancestor must come`() throws {
        let missing = MissingObjects(in: quarantine, ancestors: .depth(HistoryDepth(ancestors: 1)))
        try missing.add(commits[7].checksum)
        while let name = try missing.next(), name.type != .commit {}
        try quarantine.take(commits[7].commit)
        try missing.arrived(commits[7].commit.name)
        #expect(missing.isDispensable(commits[6].checksum))
        try missing.add(commits[6].checksum)
        #expect(!missing.isDispensable(commits[6].checksum))
        #expect(!missing.markUnavailable(commits[6].commit.name))
    }

    @Test func `The end of a history is told once for refs that share it`() throws {
        let missing = MissingObjects(in: quarantine, ancestors: .depth(.all))
        try missing.add(commits[7].checksum)
        try missing.add(commits[6].checksum)
        _ = try bring(Array(commits[3...]), to: missing)
        #expect(
            missing.historyEnds == [
                HistoryEnd(commit: commits[3].checksum, missingParent: commits[2].checksum)
            ])
        try publish(7, behindStored: true)
        #expect(
            try repository.historyEnd(of: commits[7].checksum, within: .all) == missing.historyEnds.first)
        #expect(try repository.historyEnd(of: commits[7].checksum, within: HistoryDepth(ancestors: 4)) == nil)
    }

    @Test(arguments: [false, true])
    func `Received ancestors behind stored commits become visible only where history is asked for`(
        isAskedFor: Bool
    ) throws {
        try repository.push(commits[6], as: "p/a", usedBefore: 0)
        try repository.push(commits[7], as: "p/a", usedBefore: 0)
        let taken = Set(commits[5].objects.map(\.name))
        for object in commits[5].objects + commits[3].objects.filter({ !taken.contains($0.name) }) {
            try quarantine.take(object)
        }
        try publish(7, behindStored: isAskedFor)
        // The one behind a gap is no history of the commit here.
        let stored = try (0..<8).filter { try isStored($0) }
        #expect(stored == (isAskedFor ? [5, 6, 7] : [6, 7]))
    }

    @Test func `An ancestor that came without its tree is not published`() throws {
        try repository.push(commits[7], as: "p/a", usedBefore: 0)
        let parent = SampleArtifact("parent", files: 1...1)
        let child = SampleArtifact("child", files: 0...0, parent: parent.checksum)
        try repository.push(child, as: "p/b", usedBefore: 0)
        for object in [parent.commit, parent.root, parent.metadata] { try quarantine.take(object) }
        let error = #expect(throws: RepositoryError.self) {
            try quarantine.publish(
                [RefEdit(.named("p/b"), from: .any, to: child.checksum)], moves: .any,
                merging: .followsReceived, scope: PublicationScope(goesBehindStored: true))
        }
        #expect(error?.code == .missingObject)
        #expect(try !repository.contains(ObjectName(parent.checksum, .commit)))
    }
}
