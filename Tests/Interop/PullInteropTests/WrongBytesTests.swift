// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct WrongBytesTests {
    private static let page = Array("<html><body>Please log in.</body></html>\n".utf8)

    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    private func server(_ fault: Fault, at path: String) throws -> FaultyWebServer {
        try FaultyWebServer(directory: stage.cache) { asked, _ in asked == path ? fault : nil }
    }

    /// Pulls what a server spoils, which must fail and name the object.
    private func expectRefusal(of path: String, _ fault: Fault, in stage: Stage) throws {
        let server = try server(fault, at: path)
        let errors = try stage.pullBadly(from: server.url)
        #expect(errors.contains("\(server.url) serves wrong bytes: object \(ObjectPath.checksum(path))"))
        #expect(server.requestedPaths.count { $0 == path } == 2, "wrong bytes are asked for once more")
        #expect(try !stage.verified.contains(path))
        try stage.pullWell(from: stage.cache)
        try stage.expectPulled()
    }

    @Test(
        arguments: [OSTreeCommand.Mode.bareUser, .bareUserOnly, .archive],
        ["filez", "dirtree", "dirmeta", "commit"])
    func `An object with one wrong byte is named, and nothing becomes visible`(
        mode: OSTreeCommand.Mode, type: String
    ) throws {
        let path = try #require(stage.paths(type).first)
        let contents = try #require(FileManager.default.contents(atPath: stage.cache + path))
        // The last byte of compressed content may be padding.
        let offset = type == "filez" ? contents.count - 3 : contents.count / 2
        try expectRefusal(of: path, .corrupt(offset: offset), in: stage.another(mode))
    }

    @Test(arguments: [0, 3, 5, 12, 30])
    func `A file with a wrong byte in its header is named`(offset: Int) throws {
        let path = try #require(stage.paths("filez").first)
        try expectRefusal(of: path, .corrupt(offset: offset), in: stage)
    }

    @Test(arguments: ["filez", "dirtree", "dirmeta", "commit"])
    func `An object with bytes behind its end is refused`(type: String) throws {
        for mode in [OSTreeCommand.Mode.bareUser, .archive] {
            for path in try stage.paths(type).prefix(2) {
                let contents = try #require(FileManager.default.contents(atPath: stage.cache + path))
                try expectRefusal(
                    of: path, .replaceBody(Array(contents) + [0x21]), in: stage.another(mode))
            }
        }
    }

    @Test(arguments: ["filez", "dirtree", "dirmeta", "commit"])
    func `An object without any bytes, or with those of another, is refused`(type: String) throws {
        let path = try #require(stage.paths(type).first)
        try expectRefusal(of: path, .replaceBody([]), in: stage)
        let other = try #require(stage.paths(type == "filez" ? "dirtree" : "filez").first)
        let contents = try #require(FileManager.default.contents(atPath: stage.cache + other))
        try expectRefusal(of: path, .replaceBody(Array(contents)), in: stage.another())
        try expectRefusal(of: path, .replaceBody(WrongBytesTests.page), in: stage.another())
    }

    @Test(arguments: ["filez", "dirtree", "dirmeta", "commit"])
    func `An object that is right the second time is taken`(type: String) throws {
        let path = try #require(stage.paths(type).first)
        let server = try server(.firstAttempts(1, .corrupt(offset: 9)), at: path)
        try stage.pullWell(from: server.url)
        try stage.expectPulled()
    }

    @Test func `Metadata that is larger than OSTree allows is not read to its end`() throws {
        let path = try #require(stage.paths("dirtree").first)
        try expectRefusal(of: path, .replaceBody([UInt8](repeating: 0, count: 11 << 20)), in: stage)
    }

    @Test func `Detached metadata that is none is refused`() throws {
        try stage.setDetachedMetadata("key", "value")
        let path = try #require(stage.paths("commitmeta").first)
        try expectRefusal(of: path, .replaceBody(Array("garbage".utf8)), in: stage)
    }

    @Test(arguments: [
        "", "\n", "garbage\n", String(repeating: "g", count: 64), String(repeating: "0", count: 63),
        String(repeating: "0", count: 65), String(repeating: "0", count: 5000),
        "../../../../etc/passwd\n", "ref: refs/heads/other\n", "<html><body>Not here.</body></html>\n",
    ])
    func `A ref that holds no commit is named`(text: String) throws {
        let path = "/refs/heads/\(stage.ref)"
        let server = try server(.replaceBody(Array(text.utf8)), at: path)
        let errors = try stage.pullBadly(from: server.url)
        #expect(errors.contains(stage.ref))
        #expect(errors.contains("check what serves that URL"))
        #expect(!server.requestedPaths.contains { $0.hasPrefix("/objects/") })
    }

    @Test func `A ref at a commit that the cache does not have is refused`() throws {
        // Zeros are the view of a ref that is gone, in a bucket.
        for (digit, words) in [("1", "lacks object 1111"), ("0", "there is no ref \(stage.ref)")] {
            let commit = String(repeating: digit, count: 64)
            let server = try server(.replaceBody(Array("\(commit)\n".utf8)), at: "/refs/heads/\(stage.ref)")
            let errors = try stage.pullBadly(from: server.url)
            #expect(errors.contains(words), "\(errors)")
        }
    }

    @Test(arguments: [
        (page, "is of mode unknown"), ([], "is of mode unknown"),
        (Array("[core]\nmode=\u{1b}[31mred\n".utf8), "is of mode "),
        ([UInt8](repeating: 0x20, count: 1 << 20), "has more than 65536 bytes"),
        ([0xff, 0xfe, 0, 1], "is of mode unknown"),
    ])
    func `What is served as configuration and is none is refused`(body: [UInt8], told: String) throws {
        let server = try server(.replaceBody(body), at: "/config")
        for options in [[], ["--deltas", "never"]] {
            let errors = try stage.pullBadly(from: server.url, options)
            #expect(errors.contains(told))
            #expect(!errors.contains("\u{1b}"))
            // The commit is requested beside it, and what is below waits.
            let objects = server.requestedPaths.filter { $0.hasPrefix("/objects/") }
            #expect(objects.allSatisfy { $0.contains(".commit") }, "\(objects)")
        }
    }
}
