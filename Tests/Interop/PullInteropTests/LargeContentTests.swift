// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

extension SlowTests {
    @Test func `Ten thousand small files arrive, in little memory`() throws {
        let cache = try Cache.large(10_000)
        let server = try WebServer(folder: cache.repository)
        let builder = try Builder()
        let command = try builder.pullCommand([cache.ref], from: server.http2URL, ["--ca", server.caFile])
        let pull = try SlowTests.peak(command, builder.environment)
        let idle = try SlowTests.peak([Programs.artifact(), "--help"], builder.environment)
        #expect(pull - idle < 64 << 10, "\(pull) KiB, where \(idle) KiB are needed for nothing")
        try OSTreeCommand.fsck(builder.repository)
        #expect(try OSTreeCommand.revParse(builder.repository, cache.ref) == cache.commit)
        #expect(try builder.leftovers == [])
    }

    /// Runs a command, which must succeed, and returns the most memory that it ever had, in KiB.
    private static func peak(_ command: [String], _ environment: [String: String?]) throws -> Int {
        let program = """
            import resource, subprocess, sys
            status = subprocess.call(sys.argv[1:], stdout=sys.stderr)
            print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
            sys.exit(status)
            """
        let result = try run(
            ["python3", "-c", program] + command, environment: environment, timeout: 120
        ).checked()
        guard let peak = Int(result.lines.last ?? "") else {
            throw TestSupportError("no size was printed: \(result.text)")
        }
        return peak
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive])
    func `A real tree, the kernel's headers, arrives`(mode: OSTreeCommand.Mode) throws {
        let cache = try Cache(of: "/usr/include/linux")
        let server = try WebServer(folder: cache.repository)
        let builder = try Builder(mode: mode)
        try builder.pullWell([cache.ref], from: server.http1URL, ["--ca", server.caFile], timeout: 120)
        try builder.expectHas(cache)
    }

    private static var freeBytes: Int {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: NSTemporaryDirectory())
        return attributes?[.systemFreeSize] as? Int ?? 0
    }

    @Test(.enabled(if: freeBytes > 6 << 30, "less than 6 GiB are free for temporary files"))
    func `A file of more than 4 GiB arrives`() throws {
        let directory = try TemporaryDirectory()
        let cache = directory.path("cache")
        try OSTreeCommand.initRepo(cache, mode: .archive)
        let commit = try LargeFile.commit(cache, ref: "large")
        let file = directory.path("large")
        try SampleTree.sparseFile(size: LargeFile.size, at: file)
        let server = try WebServer(folder: cache)
        for mode in [OSTreeCommand.Mode.archive, .bareUser] {
            let builder = try Builder(mode: mode)
            let result = try builder.pull(
                ["large"], from: server.http2URL, ["--ca", server.caFile], timeout: 300
            ).checked()
            #expect(result.lines.last?.hasPrefix("pulled 4 objects, ") == true)
            #expect(try builder.leftovers == [])
            #expect(try OSTreeCommand.revParse(builder.repository, "large") == commit)
            let listing = try OSTreeCommand.lines(builder.repository, ["ls", "large", "/large"])
            #expect(listing.first?.contains(" \(LargeFile.size) ") == true)
            let pulled = try #require(
                OSTreeCommand.listObjects(builder.repository).first { $0.contains(".file") })
            // `ostree fsck` would read 4 GiB once more, for each mode.
            let original = mode == .archive ? cache + Cache.path(pulled) : file
            try run(["cmp", original, builder.repository + Cache.path(pulled)]).checked()
        }
    }
}
