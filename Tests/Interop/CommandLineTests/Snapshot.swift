// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Stage {
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

/// The output of programs as it was last approved.
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
