// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A folder with a builder's repository and a cache whose commits are the same in every run, and `bst-artifact` to work with.
struct Shell {
    let directory: TemporaryDirectory
    /// A commit made at a fixed time, so that it has a known checksum.
    let first: String
    /// The same with one file more, one less, and one changed.
    let second: String

    /// Copies a pattern that began as ``pattern``.
    init(_ pattern: DirectoryPattern = pattern) throws {
        directory = try TemporaryDirectory()
        try pattern.copy(to: directory.path)
        let refs = directory.path("mine/refs/heads")
        first = String(try text(ofFile: "\(refs)/hello/base/4f2a").dropLast())
        second = String(try text(ofFile: "\(refs)/world/app/11aa").dropLast())
    }

    static let pattern = DirectoryPattern { directory in
        try directory.folder("home")
        let mine = directory.path("mine")
        try OSTreeCommand.initRepo(mine, mode: .bareUser)
        try OSTreeCommand.initRepo(directory.path("cache"), mode: .archive, hasSummary: true)
        let options = [
            "--timestamp=2020-02-03 04:05:06 +0000", "--owner-uid=0", "--owner-gid=0", "--fsync=false",
            "--subject=an artifact",
        ]
        try directory.folder("tree/bin")
        try directory.file("tree/bin/tool", "a tool\n")
        try directory.file("tree/old", "old\n")
        for path in ["tree", "tree/bin", "tree/bin/tool", "tree/old"] {
            chmod(directory.path(path), path.hasSuffix("tool") || path.hasSuffix("old") ? 0o644 : 0o755)
        }
        try OSTreeCommand.commit(
            mine, tree: directory.path("tree"), refs: ["hello/base/4f2a", "hello/base/97c1"], options: options
        )
        try FileManager.default.removeItem(atPath: directory.path("tree/old"))
        try directory.file("tree/bin/tool", "another tool\n")
        try directory.file("tree/new", "new\n")
        for path in ["tree/bin/tool", "tree/new"] { chmod(directory.path(path), 0o644) }
        try OSTreeCommand.commit(
            mine, tree: directory.path("tree"), refs: ["world/app/11aa"], options: options)
    }

    var cache: String { directory.path("cache") }
    var mine: String { directory.path("mine") }

    var environment: [String: String?] {
        [
            "HOME": directory.path("home"), "TZ": "UTC", "PATH": Programs.searchPath, "XDG_CONFIG_HOME": nil,
            "XDG_CACHE_HOME": nil, "BST_ARTIFACT_SSH": nil, "BST_ARTIFACT_ABILITIES": nil, "COLUMNS": "80",
            "SSH_CONNECTION": nil, "SSH_USER_AUTH": nil,
        ]
    }

    /// Makes a program out of a shell's lines.
    @discardableResult
    func program(_ name: String, _ lines: String) throws -> String {
        let program = try directory.file(name, "#!/bin/sh\n\(lines)\n")
        chmod(program, 0o755)
        return program
    }

    /// Makes a program that is the receiver with options.
    @discardableResult
    func receiver(_ options: String, named name: String = "receiver") throws -> String {
        try program(name, "exec \(Programs.receiver()) \(options) \"$@\"")
    }

    /// Runs a command line in the folder, whose parts are separated by blanks.
    func run(_ line: String) throws -> ProcessResult {
        var words = line.split(separator: " ").map(String.init)
        words[0] = try words[0] == "bst-artifact" ? Programs.artifact() : words[0]
        return try TestSupport.run(words, environment: environment, directory: directory.path)
    }

    /// Runs a command line that must do its work.
    @discardableResult
    func well(_ line: String, _ location: SourceLocation = #_sourceLocation) throws -> ProcessResult {
        let result = try run(line)
        #expect(result.succeeded, "\(line): \(result.status) \(result.errorText)", sourceLocation: location)
        return result
    }

    /// A command line and all that it printed, without what differs from run to run.
    func transcript(_ line: String) throws -> String {
        let result = try run(line)
        var text = "$ \(line)\n" + result.text + result.errorText
        if case .exited(let status) = result.status, status != 0 { text += "[status \(status)]\n" }
        text = text.replacingOccurrences(of: directory.path, with: "/DIR")
        text = text.replacing(/\d+\.\d s\b/) { _ in "0.0 s" }
        text = text.replacing(/\d+(\.\d)? (B|KiB|MiB|GiB|TiB)\b/) { _ in "SIZE" }
        for key in [
            "milliseconds", "time", "lastUse", "bytesBefore", "freedBytes", "allocatedBytes", "freeBytes",
            "reachableBytes", "uniqueBytes", "sharedBytes", "bytes",
        ] {
            text = text.replacing(try Regex("\"\(key)\":\\d+")) { _ in "\"\(key)\":0" }
        }
        // Root gets other files than anybody else.
        text = text.replacing(/"userMode":(true|false)/) { _ in #""userMode":false"# }
        return text.replacing(/20[2-9]\d-[01]\d-[0-3]\d [0-2]\d:[0-5]\d/) {
            $0.output == "2020-02-03 04:05" ? "2020-02-03 04:05" : "TODAY"
        }
    }
}

/// What programs printed when somebody last looked at it and found it good.
enum Snapshot {
    /// Compares a text with a snapshot. With `UPDATE_SNAPSHOTS=1` in the environment, it becomes the snapshot.
    static func expect(_ text: String, is name: String, _ location: SourceLocation = #_sourceLocation) throws
    {
        let path = "\(Programs.repositoryRoot)/Tests/Interop/CommandLineTests/Snapshots/\(name).txt"
        if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] == "1" {
            return try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let expected = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let (lines, expectedLines) = (
            text.components(separatedBy: "\n"), expected.components(separatedBy: "\n")
        )
        guard text != expected else { return }
        let place = zip(lines, expectedLines).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        let line = place ?? min(lines.count, expectedLines.count) - 1
        Issue.record(
            """
            \(name).txt, line \(line + 1): now ‘\(lines.indices.contains(line) ? lines[line] : "")’. Look at it, and if it is \
            right: UPDATE_SNAPSHOTS=1 swift test --filter CommandLineTests, then look at git diff
            """, sourceLocation: location)
    }
}
