// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// A summary that takes over what has not changed is the same as one that reads everything.
@Suite struct ChangedRefsTests {
    private static let refs = (0..<300).map { "p\($0 % 3)/e\($0 % 20)/key\($0)" }

    private func settled() async throws -> SummarySample {
        let sample = try SummarySample(Self.refs)
        try await sample.settle()
        #expect(try sample.update().readRefs == 300, "the first one reads everything")
        return sample
    }

    @Test func `Nothing is read where nothing has changed`() async throws {
        let sample = try await settled()
        #expect(try sample.update().readRefs == 0)
        #expect(try sample.update().readRefs == 0)
        try sample.expectSameAsOSTree()
    }

    @Test func `One ref that moved is the only one that is read`() async throws {
        let sample = try await settled()
        try sample.set("p1/e1/key1", to: sample.second)
        #expect(try sample.update().readRefs == 1)
        try sample.expectSameAsOSTree()
    }

    @Test func `Refs that came, moved and went by other programs are noticed`() async throws {
        let sample = try await settled()
        try sample.ostree("refs", "--create=p0/e0/new", Self.refs[1])
        try sample.ostree("refs", "--create=a", Self.refs[1])
        try sample.ostree("refs", "--create=zz/new/directory", Self.refs[1])
        try sample.ostree("refs", "--force", "--create=\(Self.refs[7])", sample.second.checksum.hex)
        try sample.ostree("refs", "--delete", "p2/e5")
        try sample.remove(Self.refs[4])
        // A directory becomes a ref, and a ref a directory.
        try FileManager.default.removeItem(atPath: "\(sample.heads)/p1/e10")
        try sample.set("p1/e10", to: sample.second)
        try sample.remove(Self.refs[100])
        try sample.set("\(Self.refs[100])/below", to: sample.second)
        let report = try sample.update()
        #expect(report.readRefs ?? 300 < 20)
        try sample.expectSameAsOSTree()
        try await sample.settle()
        try sample.update()
        #expect(try sample.update().readRefs == 0)
        try sample.expectSameAsOSTree()
    }

    @Test func `Any sequence of changes ends in the right summary`() async throws {
        let sample = try await settled()
        var seed = UInt64(1)
        func random(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % count
        }
        for round in 0..<12 {
            for _ in 0...random(4) {
                let ref = "p\(random(4))/e\(random(22))/key\(random(300))"
                switch random(3) {
                case 0: try? sample.remove(ref)
                case 1:
                    try? FileManager.default.removeItem(
                        atPath: "\(sample.heads)/p\(random(4))/e\(random(22))")
                default: try sample.set(ref, to: random(2) == 0 ? sample.first : sample.second)
                }
            }
            try sample.update()
            try sample.expectSameAsOSTree("round \(round), seed \(seed)")
        }
    }

    @Test func `An alias goes where its target goes`() async throws {
        let sample = try await settled()
        try sample.ostree("refs", "--alias", "--create=p0/e0/alias", "p1/e1/key1")
        try await sample.settle()
        try sample.update()
        try sample.set("p1/e1/key1", to: sample.second)
        try sample.update()
        try sample.expectSameAsOSTree()
    }

    @Test func `A directory that was put in another's place is read, old as its files are`() async throws {
        let sample = try await settled()
        try sample.set("../elsewhere/e1/key1", to: sample.second)
        try await sample.settle()
        try sample.update()
        try run(["mv", "\(sample.heads)/p1", "\(sample.scratch.path)/gone"]).checked()
        try run(["mv", "\(sample.heads)/../elsewhere", "\(sample.heads)/p1"]).checked()
        try sample.update()
        try sample.expectSameAsOSTree()
    }

    @Test func `A ref that moves at the same moment again is not missed`() throws {
        let sample = try SummarySample(["a/b", "a/c"])
        for round in 0..<25 {
            try sample.set("a/b", to: sample.second)
            try sample.update()
            // In place: same inode, and perhaps the same time to the last digit.
            try run(["sh", "-c", "echo \(sample.first.checksum) > '\(sample.heads)/a/b'"]).checked()
            try sample.update()
            #expect(
                try sample.listedCommits() == [sample.first.checksum, sample.first.checksum], "round \(round)"
            )
        }
    }

    @Test func `A summary by another program is not built upon`() async throws {
        let sample = try await settled()
        try sample.ostree("summary", "-u")
        try sample.set("p1/e1/key1", to: sample.second)
        #expect(try sample.update().readRefs == 300)
        try sample.expectSameAsOSTree()
    }

    @Test(arguments: ["cut", "damaged", "empty", "old", "missing", "swapped"])
    func `An index that is wrong is not believed`(how: String) async throws {
        let sample = try await settled()
        let index = URL(fileURLWithPath: "\(sample.repository.path)/state/bst-artifact-summary")
        var bytes = try Data(contentsOf: index)
        try sample.set("p1/e1/key1", to: sample.second)
        try sample.update()
        switch how {
        case "cut": bytes.removeLast(100)
        case "damaged": bytes[bytes.count / 2] ^= 1
        case "empty": bytes = Data()
        case "swapped": bytes = try Data(contentsOf: index) + bytes
        default: break
        }
        if how == "missing" {
            try FileManager.default.removeItem(at: index)
        } else {
            try bytes.write(to: index)
        }
        try sample.set("p2/e2/key2", to: sample.second)
        #expect(try sample.update().readRefs == 300)
        try sample.expectSameAsOSTree()
    }

    @Test func `A ref without a commit is left out and named, and the others are listed`() async throws {
        let sample = try await settled()
        try Data("garbage".utf8).write(to: URL(fileURLWithPath: "\(sample.heads)/p1/e1/bad"))
        try Data("\(String(repeating: "0", count: 64))\n".utf8).write(
            to: URL(fileURLWithPath: "\(sample.heads)/p1/e1/missing"))
        for _ in 0..<2 {
            let report = try sample.update()
            #expect(report.refs == 300 && report.leftOut == ["p1/e1/bad", "p1/e1/missing"])
            #expect(report.warnings.first?.contains("p1/e1/bad") == true)
            try await sample.settle()
        }
        try sample.set("p1/e1/bad", to: sample.first)
        #expect(try sample.update().refs == 301)
    }
}

extension SummarySample {
    /// The commits that a reader finds, in the order of the refs.
    func listedCommits() throws -> [Checksum] {
        let text = try repository.ostree("summary", "--view")
        return text.split(separator: "\n").compactMap { Checksum(hex: $0.drop { $0 == " " }) }
    }
}
