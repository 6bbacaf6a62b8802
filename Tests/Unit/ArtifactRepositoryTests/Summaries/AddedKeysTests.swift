// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// Keys that somebody has added to a summary stay, in every kind of repository.
@Suite struct AddedKeysTests {
    /// The parts of a repository that only libostree's own code can list.
    enum Kind: Sendable, CaseIterable {
        case ordinary
        case collection
        case deltas
    }

    @Test(arguments: Kind.allCases) func `Added keys stay, those made from commits go`(_ kind: Kind) throws {
        let sample = try SummarySample(["a/b"])
        let path = sample.repository.path
        switch kind {
        case .ordinary: break
        case .collection: try sample.ostree("config", "set", "core.collection-id", "org.example.Cache")
        case .deltas: try sample.ostree("static-delta", "generate", "--empty", "a/b")
        }
        try sample.ostree(
            "summary", "-u", "--add-metadata=our.key='value'",
            "--add-metadata=ostree.summary.expires=uint64 7",
            "--add-metadata=xa.title='Title'", "--add-metadata=xa.cache=<'old'>",
            "--add-metadata=xa.sparse-cache=<'old'>", "--add-metadata=xa.cache-version=uint32 2")
        let repository = try Repository(path)
        #expect(try repository.isFlatpakRepository())
        // Twice, since the first one may have been libostree's work and the second ours.
        for _ in 0..<2 {
            try sample.set("a/c", to: sample.second)
            var options = SummaryOptions()
            options.flatpak = .missing
            let report = try repository.updateSummary(options)
            #expect((report.refs == nil) == (kind != .ordinary))
            let text = try repository.ostree("summary", "--view", "--raw")
            for kept in ["'our.key': <'value'>", "'xa.title': <'Title'>", "'ostree.summary.expires'", "a/c"] {
                #expect(text.contains(kept), "\(text)")
            }
            #expect(text.ranges(of: "'ostree.summary.last-modified'").count == 1)
            for made in ["xa.cache", "xa.sparse-cache"] { #expect(!text.contains(made), "\(text)") }
            #expect(text.contains("'ostree.summary.collection-id'") == (kind == .collection))
            #expect(text.contains("'ostree.static-deltas'") == (kind == .deltas))
        }
    }

    @Test(arguments: [
        ("summary.idx", true), ("refs/heads/app/org.example.App/x86_64/stable", true),
        ("refs/heads/runtime/org.example.Platform/x86_64/1", true), ("refs/heads/app/element/key", false),
        ("refs/heads/app/org.example.App", false), ("refs/heads/app/element/a/b", false),
        ("refs/heads/apps/org.example.App/x86_64/stable", false),
    ])
    func `A repository is one of flatpak by its files`(name: String, isFlatpaks: Bool) throws {
        let sample = try SummarySample(["a/b"])
        try sample.update()
        #expect(try !sample.repository.isFlatpakRepository())
        let file = URL(fileURLWithPath: "\(sample.repository.path)/\(name)")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("\(sample.first.checksum)\n".utf8).write(to: file)
        #expect(try sample.repository.isFlatpakRepository() == isFlatpaks)
    }

    @Test func `A repository is one of flatpak by its settings`() throws {
        let sample = try SummarySample(["a/b"])
        try sample.ostree("config", "set", "flatpak.title", "Title")
        #expect(try Repository(sample.repository.path).isFlatpakRepository())
    }
}
