// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The summary of a cache as others read it.
enum CacheSummary {
    /// The refs that it lists, with their commits.
    static func refs(_ cache: String) throws -> [String: String] {
        var refs: [String: String] = [:]
        var ref: String?
        for line in try OSTreeCommand.lines(cache, ["summary", "--view"]) {
            if line.hasPrefix("* ") { ref = String(line.dropFirst(2)) }
            let word = line.drop { $0 == " " }
            if let name = ref, word.utf8.count == 64 { refs[name] = String(word) }
        }
        return refs
    }

    /// Returns true if it is there and lists the cache's refs, neither more nor less.
    static func isRight(_ cache: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: "\(cache)/summary") else { return false }
        return try refs(cache) == Reader.refs(cache)
    }

    /// The bytes of the summary, or of another file.
    static func content(_ cache: String, _ name: String = "summary") -> Data? {
        FileManager.default.contents(atPath: "\(cache)/\(name)")
    }

    /// Returns true if a process still has to update it.
    static func isRequested(_ cache: String) -> Bool {
        ["wanted", "taken"].contains {
            FileManager.default.fileExists(atPath: "\(cache)/state/bst-artifact-summary-\($0)")
        }
    }
}
