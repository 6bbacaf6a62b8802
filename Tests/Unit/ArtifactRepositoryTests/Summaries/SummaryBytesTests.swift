// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// Our summary is, byte for byte, the one that `ostree summary -u` writes.
@Suite struct SummaryBytesTests {
    private static let long = String(repeating: "long-name.", count: 24)

    @Test(arguments: [
        [], ["a/b"], ["a"],
        // In the order of bytes, `-` and `.` come before the slash, digits and letters after it.
        ["a.x", "a-b/c", "a/b", "a/b.c", "a0", "A/z", "a_b", "a/b-c/d"],
        // An entry of more than 255 bytes has wider numbers in it, and so has a longer list.
        ["x/\(long)", "x/y/\(long)/\(long)", "x/z"],
        ["l/\(String(repeating: "n", count: 252))", "l/\(String(repeating: "n", count: 167))"],
        ["brötchen/käse", "ελληνικά"],
    ])
    func `Few refs`(refs: [String]) throws {
        let sample = try SummarySample(refs)
        #expect(try sample.update().refs == refs.count)
        try sample.expectSameAsOSTree()
    }

    @Test(arguments: [175, 176, 183, 184]) func `An entry whose size is at an edge`(count: Int) throws {
        let sample = try SummarySample([String(repeating: "e", count: count)])
        try sample.update()
        try sample.expectSameAsOSTree()
    }

    @Test func `Many refs in nested directories`() throws {
        let refs = (0..<600).map { "project/\($0 % 7)/element-\($0 % 31).bst/key\($0)" }
        let sample = try SummarySample(refs)
        for ref in refs.prefix(100) { try sample.set(ref, to: sample.second) }
        try sample.update()
        try sample.expectSameAsOSTree()
    }

    @Test func `Files that libostree does not take for refs are not listed`() throws {
        let sample = try SummarySample(["a/b"])
        for name in [".hidden", "-x", "a b", "x~", "a:b", ".h/x", "-d/x"] {
            try sample.set(name, to: sample.first)
        }
        #expect(try sample.update().refs == 1)
        try sample.expectSameAsOSTree()
    }

    @Test(arguments: [RepositoryMode.bareUser, .bareUserOnly, .bare])
    func `Repositories of every mode have one`(mode: RepositoryMode) throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(mode)
        try repository.updateSummary()
        let text = try repository.ostree("summary", "--view", "--raw")
        #expect(text.contains("'ostree.summary.mode': <'\(mode)'>"))
    }

    @Test func `What somebody added to a summary stays there`() throws {
        let sample = try SummarySample(["a/b"])
        try sample.ostree(
            "summary", "-u", "--add-metadata=our.key='value'",
            "--add-metadata=ostree.summary.expires=uint64 7")
        let before = try sample.summary()
        try sample.update()
        #expect(try sample.summary() == before)
        try sample.set("a/c", to: sample.second)
        try sample.update()
        let text = try sample.repository.ostree("summary", "--view", "--raw")
        #expect(text.contains("'our.key': <'value'>") && text.contains("a/c"))
    }

    @Test func `A repository with a collection gets what libostree writes`() throws {
        let sample = try SummarySample(["a/b"])
        try sample.ostree("config", "set", "core.collection-id", "org.example.Cache")
        let repository = try Repository(sample.repository.path)
        #expect(try repository.updateSummary().refs == nil)
        let text = try repository.ostree("summary", "--view", "--raw")
        #expect(
            text.contains("'ostree.summary.collection-id': <'org.example.Cache'>") && text.contains("a/b"))
    }
}
