// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Large trees and files, which take their time.
@Suite struct LargeContentTests {
    @Test func `Ten thousand small files arrive, in little memory`() throws {
        let stage = try Stage.large(10_000)
        let server = try WebServer(directory: stage.cache)
        let pull = try peak(stage.pulling(from: server.http2URL, ["--ca", server.caFile]), in: stage)
        let idle = try peak(["--help"], in: stage)
        #expect(pull - idle < 64 << 10, "\(pull) KiB, where \(idle) KiB are needed for nothing")
        try OSTreeCommand.fsck(stage.mine)
        #expect(try OSTreeCommand.revParse(stage.mine, stage.ref) == stage.first)
        #expect(try Reader.leftovers(stage.mine) == [])
    }

    /// Runs `bst-artifact`, which must succeed, and returns the most memory that it ever had, in KiB.
    private func peak(_ arguments: [String], in stage: Stage) throws -> Int {
        let program = """
            import resource, subprocess, sys
            status = subprocess.call(sys.argv[1:], stdout=sys.stderr)
            print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
            sys.exit(status)
            """
        let result = try stage.run(["/usr/bin/python3", "-c", program, Programs.artifact()] + arguments)
            .checked()
        guard let peak = Int(result.lines.last ?? "") else {
            throw TestSupportError("no size was printed: \(result.text)")
        }
        return peak
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive])
    func `A real tree, the kernel's headers, arrives`(mode: OSTreeCommand.Mode) throws {
        let stage = try Stage(mode) { try run(["cp", "-a", "/usr/include/linux", $0]).checked() }
        let server = try WebServer(directory: stage.cache)
        try stage.pullWell(from: server.http1URL, ["--ca", server.caFile])
        try stage.expectPulled()
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
        let server = try WebServer(directory: cache)
        for mode in [OSTreeCommand.Mode.archive, .bareUser] {
            let stage = try Stage(mode)
            let result = try stage.pull(
                ["large"], from: server.http2URL, ["--ca", server.caFile], timeout: 300
            ).checked()
            #expect(result.lines.last?.hasPrefix("pulled 4 objects, ") == true)
            #expect(try Reader.leftovers(stage.mine) == [])
            #expect(try OSTreeCommand.revParse(stage.mine, "large") == commit)
            let listing = try OSTreeCommand.lines(stage.mine, ["ls", "large", "/large"])
            #expect(listing.first?.contains(" \(LargeFile.size) ") == true)
            let pulled = try #require(
                OSTreeCommand.listObjects(stage.mine).first { $0.contains(".file") })
            // `ostree fsck` would read 4 GiB once more, for each mode.
            let original = mode == .archive ? cache + ObjectPath.path(pulled) : file
            try run(["cmp", original, stage.mine + ObjectPath.path(pulled)]).checked()
        }
    }
}
