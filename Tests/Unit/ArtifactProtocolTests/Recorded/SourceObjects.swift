// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The objects of `source-repo.tar.gz`, the repository whose commits the transcripts push, by file name.
enum SourceObjects {
    static let all: [String: [UInt8]] = (try? unpack()) ?? [:]

    private static func unpack() throws -> [String: [UInt8]] {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appendingPathComponent("source-repo-\(UUID().uuidString)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: folder) }
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let archive = ConformanceFolder.url.appendingPathComponent("source-repo.tar.gz")
        tar.arguments = ["tar", "-xzf", archive.path, "-C", folder.path]
        try tar.run()
        tar.waitUntilExit()
        var objects: [String: [UInt8]] = [:]
        let root = folder.appendingPathComponent("source-repo/objects").path
        for path in try files.subpathsOfDirectory(atPath: root) where path.contains(".") {
            let name = path.replacingOccurrences(of: "/", with: "")
            objects[name] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(path)")))
        }
        return objects
    }
}
