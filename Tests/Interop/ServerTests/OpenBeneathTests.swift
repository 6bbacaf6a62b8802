// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemCalls
import TestSupport
import Testing

/// Both ways of opening a file that must lie below a directory: the kernel's own, and the one without `openat2`.
@Suite struct OpenBeneathTests {
    private static let paths = [
        "file", "./file", "dir/file", "dir//file", "dir/./file", "dir/../file", "dir/inner/../../file", "dir",
        "dir/",
        "dir/.", "dir/..", ".", "..", "../file", "../secret", "dir/../../secret", "/etc/passwd", "",
        "nothing",
        "nothing/file", "file/", "file/.", "file/..", "file/more", "dir/nothing/../file",
        String(repeating: "a", count: 300),
        // Links.
        "link", "link/", "dir/up", "dir/up/", "chain", "toDir", "toDir/file", "toDir/../file", "toDir/",
        "escape",
        "escape2", "outside/secret", "absolute", "absoluteInside", "loop", "loop/file", "hanging", "proc",
        "deep/down/back", "toDir/up", "far0", "far45",
    ]

    @Test(arguments: paths) func `They open the same, and nothing outside`(path: String) throws {
        let scratch = try TemporaryDirectory()
        let place = try scratch.makeDirectory("place")
        try FileManager.default.createDirectory(
            atPath: "\(place)/dir/inner", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: "\(place)/deep/down", withIntermediateDirectories: true)
        for (file, content) in [
            ("\(place)/file", "file"), ("\(place)/dir/file", "dir/file"), ("\(place)/../secret", "secret"),
        ] { try content.write(toFile: file, atomically: false, encoding: .utf8) }
        var links = [
            ("link", "file"), ("dir/up", "../file"), ("chain", "dir/up"), ("toDir", "dir"),
            ("escape", "../secret"),
            ("escape2", "dir/../../secret"), ("outside", ".."), ("absolute", "/etc/passwd"),
            ("absoluteInside", "\(place)/file"), ("loop", "loop"), ("hanging", "nothing"),
            ("proc", "/proc/self/root"),
            ("deep/down/back", "../../toDir/up"), ("far0", "file"),
        ]
        for number in 1...45 { links.append(("far\(number)", "far\(number - 1)")) }
        for (link, target) in links {
            try FileManager.default.createSymbolicLink(
                atPath: "\(place)/\(link)", withDestinationPath: target)
        }
        let directory = try Directory(place)
        for followingLinks in [false, true] {
            let own = try directory.openBeneathStepwise(path, followingLinks: followingLinks)
            let kernels = try directory.openBeneath(path, followingLinks: followingLinks)
            #expect(try describe(own) == describe(kernels), "following links: \(followingLinks)")
        }
    }

    /// The content of an opened file, or the number of an opened directory.
    private func describe(_ file: Descriptor?) throws -> String {
        guard let file else { return "nothing" }
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else { return "directory \(status.st_ino)" }
        return String(decoding: try file.readAll(limit: 100), as: UTF8.self)
    }

    @Test func `A pipe is not waited for`() throws {
        let scratch = try TemporaryDirectory()
        let place = try scratch.makeDirectory("place")
        #expect(mkfifo("\(place)/pipe", 0o600) == 0)
        let directory = try Directory(place)
        #expect(try directory.openBeneathStepwise("pipe", followingLinks: true) != nil)
        #expect(try directory.openBeneath("pipe") != nil)
    }
}
