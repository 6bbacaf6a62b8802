// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// The objects of `source-repo.tar.gz`, the repository whose commits the transcripts push, by file name.
enum SourceObjects {
    static let all: [String: Data] = (try? unpack()) ?? [:]

    private static func unpack() throws -> [String: Data] {
        let directory = try TemporaryDirectory()
        let archive = ConformanceDirectory.url.appendingPathComponent("source-repo.tar.gz")
        try run(["tar", "-xzf", archive.path, "-C", directory.path]).checked()
        var objects: [String: Data] = [:]
        let root = directory.path("source-repo/objects")
        for path in try FileManager.default.subpathsOfDirectory(atPath: root) where path.contains(".") {
            let name = path.replacingOccurrences(of: "/", with: "")
            objects[name] = try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(path)"))
        }
        return objects
    }
}
