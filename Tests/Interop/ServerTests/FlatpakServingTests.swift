// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The files that flatpak and libostree request beside objects and refs.
@Suite struct FlatpakServingTests {
    private static let first = String(repeating: "0a", count: 32)
    private static let second = String(repeating: "f1", count: 32)

    @Test(arguments: [
        ("summary.idx", false), ("summary.idx.sig", false), ("summaries/\(first).gz", true),
        ("summaries/\(first)-\(second).delta", true), ("summaries/\(first).idx.sig", false),
        ("objects/0a/\(first.dropFirst(2)).tombstone-commit", false),
    ])
    func `Files named by their content are kept for good, others are asked for again`(
        name: String, isImmutable: Bool
    ) throws {
        let server = try CacheServer { stage in
            let parent = ("cache/\(name)" as NSString).deletingLastPathComponent
            try stage.directory.makeDirectory(parent)
            try stage.directory.file("cache/\(name)", "content")
        }
        let answer = try server.get("/\(name)")
        #expect(answer.status == 200 && answer.text == "content")
        #expect(
            answer.headers["cache-control"]
                == (isImmutable ? "public, max-age=31536000, immutable" : "no-cache"))
        let tag = try #require(answer.headers["etag"])
        #expect(try server.get("/\(name)", "-H", "If-None-Match: \(tag)").status == 304)
        // Another file of the same size and second takes its stage.
        try server.stage.directory.file("new", "CONTENT")
        try run(["touch", "-r", "\(server.stage.cache)/\(name)", server.stage.directory.path("new")])
            .checked()
        try run(["mv", server.stage.directory.path("new"), "\(server.stage.cache)/\(name)"]).checked()
        #expect(try server.get("/\(name)", "-H", "If-None-Match: \(tag)").text == "CONTENT")
    }
}
