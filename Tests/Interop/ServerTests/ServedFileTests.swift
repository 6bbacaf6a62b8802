// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

@testable import ArtifactServer

@Suite struct ServedFileTests {
    private static let hex = String(repeating: "0123456789abcdef", count: 4)
    private static let digits43 = String(repeating: "aZ9+_", count: 8) + "aZ9"

    @Test func `What a puller needs is named, and its path is that name`() throws {
        let tail = ServedFileTests.hex.dropFirst(2)
        let base = ServedFileTests.digits43
        for path in [
            "config", "summary", "summary.sig", "refs/heads/a", "refs/heads/hello/base/4f2a",
            "refs/mirrors/org.example.App/hello/base", "objects/01/\(tail).filez",
            "objects/01/\(tail).dirtree", "objects/01/\(tail).dirmeta", "objects/01/\(tail).commit",
            "objects/01/\(tail).commitmeta", "objects/01/\(tail).tombstone-commit",
            "deltas/aZ/\(base.dropFirst(2))/superblock",
            "deltas/aZ/\(base.dropFirst(2))-\(base)/0", "deltas/aZ/\(base.dropFirst(2))-\(base)/meta",
            "delta-indexes/aZ/\(base.dropFirst(2)).index", "summary.idx", "summary.idx.sig",
            "summaries/\(ServedFileTests.hex).gz", "summaries/\(ServedFileTests.hex).idx.sig",
            "summaries/\(ServedFileTests.hex)-\(ServedFileTests.hex).delta",
        ] {
            let file = try #require(ServedFile(path[...]), "\(path) is not served")
            #expect(file.path == path)
        }
    }

    @Test(arguments: [
        "", "/config", "config/", "./config", "refs/heads/../../config", "refs/heads", "refs/heads/", "refs",
        "refs/heads/a//b", "refs/heads/.lock", "refs/heads/a\0", "refs/remotes/a/b", "refs/mirrors/a",
        "refs/mirrors/../heads/a", "objects", "objects/", "objects/01", "objects/01/", "tmp/x", "state/x",
        ".lock", "objects/01/23.filez", "summaries", "summaries/", "summaries/x.gz", "summaries/../config",
        "summaries/\(ServedFileTests.hex)", "summaries/\(ServedFileTests.hex).idx",
        "summaries/\(ServedFileTests.hex).delta", "summaries/\(ServedFileTests.hex)-x.delta",
        "summaries/\(ServedFileTests.hex)-\(ServedFileTests.hex).gz", "summaries/\(ServedFileTests.hex).gz/x",
        "objects/0/1\(ServedFileTests.hex.dropFirst(2)).filez",
        "objects/01/\(ServedFileTests.hex.dropFirst(2)).file", "objects/01/23.tombstone-commit",
        "objects/01/\(ServedFileTests.hex.dropFirst(2)).filez/x",
        "objects/0A/\(ServedFileTests.hex.dropFirst(2)).filez",
        "objects//01\(ServedFileTests.hex.dropFirst(2)).filez", "deltas/../config", "deltas/aZ/../superblock",
        "deltas/aZ/\(ServedFileTests.digits43.dropFirst(2))/../x",
        "deltas/aZ/\(ServedFileTests.digits43.dropFirst(2))/1234567",
        "delta-indexes/aZ/x.index", "CONFIG", "extensions/x",
    ])
    func `Nothing else has a name`(path: String) {
        #expect(ServedFile(path[...]) == nil)
    }

    @Test func `A target is decoded once, and may be a whole URL`() {
        #expect(RequestTarget("/refs/heads/a%2Db")?.path == "refs/heads/a-b")
        #expect(RequestTarget("/%252e%252e/config")?.path == "%2e%2e/config")
        #expect(RequestTarget("http://example.com/config")?.path == "config")
        #expect(RequestTarget("/?q=a%20b+c&page=2")?.field("q") == "a b c")
        for bad in ["", "config", "*", "/a%00b", "/a%0", "/a%zz", "/%ff", "/a#b", "ftp://x/config"] {
            #expect(RequestTarget(bad) == nil, "\(bad)")
        }
    }
}
