// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Foundation
import Glibc

extension Repository {
    /// Every file and directory that readers can see, without `tmp` and the lock, with the content of refs.
    func visibleFiles() throws -> [String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: path)
        return paths.filter { !$0.hasPrefix("tmp/") && $0 != ".lock" }.sorted().map { entry in
            guard entry.hasPrefix("refs/heads/"),
                let content = try? String(contentsOfFile: "\(path)/\(entry)", encoding: .utf8)
            else { return entry }
            return "\(entry): \(content)"
        }
    }

    /// The entries of `tmp` that are ours.
    func quarantines() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/tmp").filter {
            $0.hasPrefix("bst-artifact-")
        }
    }

    /// The names of all objects, as files.
    func objectNames() throws -> Set<String> {
        Set(
            try FileManager.default.subpathsOfDirectory(atPath: "\(path)/objects").filter { $0.contains(".") }
        )
    }

    /// The disk space that the objects take, in bytes.
    func objectBytes() throws -> UInt64 {
        try objectNames().reduce(0) { sum, name in
            var status = stat()
            stat("\(path)/objects/\(name)", &status)
            return sum + UInt64(status.st_blocks) * 512
        }
    }

    /// The path of an object of an archive repository.
    func file(of object: SampleObject) -> String {
        let hex = object.checksum.hex
        let suffix = object.name.type == .file ? "filez" : object.name.type.rawValue
        return "\(path)/objects/\(hex.prefix(2))/\(hex.dropFirst(2)).\(suffix)"
    }

    /// Runs `ostree` with this repository.
    @discardableResult
    func ostree(_ arguments: String...) throws -> String {
        try OSTreeCommand.attempt(path, arguments).checked().text
    }
}
