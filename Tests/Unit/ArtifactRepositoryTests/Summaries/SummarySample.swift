// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// A repository with two commits, whose refs and summary are written by us and by others.
struct SummarySample {
    let scratch: TemporaryDirectory
    let repository: Repository
    let first = SampleCommit()
    let second = SampleCommit("second")
    var heads: String { "\(repository.path)/refs/heads" }

    init(_ refs: [String] = []) throws {
        scratch = try TemporaryDirectory()
        repository = try scratch.repository(.archive)
        try repository.push(
            first.objects + second.objects.filter { !first.objects.map(\.name).contains($0.name) },
            RefEdit(.named("a/first"), from: .mustNotExist, to: first.checksum),
            RefEdit(.named("a/second"), from: .mustNotExist, to: second.checksum))
        try FileManager.default.removeItem(atPath: "\(heads)/a")
        for ref in refs { try set(ref, to: first) }
    }

    func ostree(_ arguments: String...) throws {
        try OSTreeCommand.lines(repository.path, arguments)
    }

    /// Moves a ref as libostree does: a new file takes the place of the old.
    func set(_ ref: String, to commit: SampleCommit) throws {
        let url = URL(fileURLWithPath: "\(heads)/\(ref)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("\(commit.checksum)\n".utf8).write(to: url, options: .atomic)
    }

    func remove(_ ref: String) throws {
        try FileManager.default.removeItem(atPath: "\(heads)/\(ref)")
    }

    /// Brings our summary up to date, reading only what changed.
    @discardableResult
    func update() throws -> SummaryReport { try repository.updateSummary() }

    /// Waits until the file system gives what changes now another time than what has changed before, for certain.
    func settle() async throws {
        let probe = "\(scratch.path)/probe"
        func now() throws -> Double {
            try Data().write(to: URL(fileURLWithPath: probe))
            let attributes = try FileManager.default.attributesOfItem(atPath: probe)
            return (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        }
        let start = try now()
        while try now() <= start + 2.1 { try await Task.sleep(for: .milliseconds(50)) }
    }

    /// The bytes of the summary, without the time when it was made.
    func summary(of path: String? = nil) throws -> Data {
        var data = try Data(contentsOf: URL(fileURLWithPath: "\(path ?? repository.path)/summary"))
        let key = Data("ostree.summary.last-modified\0".utf8)
        let range = try #require(data.range(of: key))
        let place = (range.upperBound + 7) & ~7
        data.replaceSubrange(place..<(place + 8), with: Data(count: 8))
        return data
    }

    /// Expects that our summary is what `ostree summary -u` writes for the same refs, and leaves it in place.
    func expectSameAsOSTree(_ comment: Comment? = nil, _ location: SourceLocation = #_sourceLocation) throws {
        let copy = "\(scratch.path)/copy-\(UUID().uuidString)"
        try run(["cp", "-a", repository.path, copy]).checked()
        try OSTreeCommand.lines(copy, ["summary", "-u"])
        let (ours, theirs) = (try summary(), try summary(of: copy))
        #expect(ours == theirs, comment, sourceLocation: location)
    }

}
