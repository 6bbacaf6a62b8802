// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Repositories on a file system of FUSE that refuses the flags of `renameat2`, extended attributes and files without a
/// name, ignores a call that sets only one of a file's two times, and syncs nothing.
@Suite(
    .enabled(if: geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0, "only root mounts, with /dev/fuse"))
struct OtherFileSystemTests {
    private let place: MirroredDirectory
    private let stage: Stage

    init() throws {
        place = try MirroredDirectory()
        stage = try Stage(.archive)
    }

    @Test func `What is pushed to one and pulled into one is all there`() throws {
        let cache = "\(place.path)/cache"
        let pulled = "\(place.path)/pulled"
        try stage.artifact(["init", cache]).checked()
        try stage.artifact(["init", "--mode", "bare-user-only", pulled]).checked()
        var commits: [String] = []
        for text in ["1", "2", "3"] {
            commits.append(try stage.commit("a/b/c", text: text))
            expectSuccess(try stage.push(["a/b/c"], to: cache))
        }
        try expectArrived(["a/b/c"], at: commits[2], in: cache)
        #expect(try Reader.objects(cache) == Reader.objects(stage.mine))
        try stage.artifact(["pull", "--repo", pulled, "--remote", cache, "a/b/c"]).checked()
        try expectArrived(["a/b/c"], at: commits[2], in: pulled)
        #expect(try CacheSummary.isRight(cache))
        try stage.artifact(["checkout", "--repo", pulled, "a/b/c", "\(place.path)/out"]).checked()
        #expect(try String(contentsOfFile: "\(place.path)/out/file", encoding: .utf8) == "3")
        // From one to one, of which the remote has a part.
        let mine = try stage.artifact(["commit", "--repo", pulled, "\(place.path)/out", "x/y/z"]).checked()
        expectSuccess(try stage.push(["x/y/z"], from: pulled, to: cache))
        try expectArrived(["x/y/z"], at: mine.lines[0], in: cache)
        try stage.artifact(["repo", "fsck", "--repo", cache]).checked()
        try stage.artifact(["repo", "pin", "--repo", cache, "x/y/z"]).checked()
        #expect(
            try stage.artifact(["repo", "expire", "--repo", cache, "--max-size", "1"]).status == .exited(2))
        #expect(try Reader.refs(cache) == ["x/y/z": mine.lines[0]])
        try OSTreeCommand.fsck(cache)
    }

    @Test func `A repository that needs extended attributes is refused with the reason`() throws {
        try expectFailure("xattr", status: 1, unchanged: [stage.cache]) {
            try stage.artifact(["init", "--mode", "bare-user", "\(place.path)/mine"])
        }
    }
}

/// A directory that bindfs shows at another place.
private final class MirroredDirectory: Sendable {
    private let directory: TemporaryDirectory
    private let process: RunningProcess
    var path: String { directory.path("shown") }

    init() throws {
        directory = try TemporaryDirectory()
        let (behind, shown) = (try directory.makeDirectory("behind"), try directory.makeDirectory("shown"))
        process = try RunningProcess(["bindfs", "-f", "--xattr-none", behind, shown])
        let isMounted = try eventually {
            try MirroredDirectory.device(of: shown) != MirroredDirectory.device(of: behind)
        }
        guard isMounted else { throw TestSupportError("bindfs does not mount: \(process.errorText)") }
    }

    private static func device(of path: String) throws -> UInt {
        var status = Glibc.stat()
        guard stat(path, &status) == 0 else { throw TestSupportError("cannot look at \(path)") }
        return status.st_dev
    }

    deinit {
        _ = try? run(["umount", "--lazy", path])
        _ = try? process.wait()
    }
}
