// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COpenSSL
import Variants
import WireSamples

/// Objects for which the tests' own SHA-256 and one variant for each name would take too long.
enum LargeObject {
    static func checksum(_ bytes: [UInt8]) -> Checksum {
        var digest = [UInt8](repeating: 0, count: 32)
        EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
        // A digest has 32 bytes.
        return digest.withUnsafeBytes { Checksum(bytes: $0)! }
    }

    /// A dirtree of entries that are well formed.
    static func dirtree(
        files: [(name: String, file: [UInt8])] = [],
        directories: [(name: String, tree: [UInt8], metadata: [UInt8])] = []
    ) -> SampleObject {
        let fileArray = array(
            files.map { entry(Array($0.name.utf8) + [0] + $0.file, [$0.name.utf8.count + 1]) })
        let directoryArray = array(
            directories.map {
                let end = $0.name.utf8.count + 1
                return entry(Array($0.name.utf8) + [0] + $0.tree + $0.metadata, [end + 32, end])
            })
        let bytes = entry(fileArray + directoryArray, [fileArray.count])
        return SampleObject(ObjectName(checksum(bytes), .dirtree), bytes)
    }

    /// A tuple: offsets of all but the last of its parts, in reverse.
    private static func entry(_ content: [UInt8], _ offsets: [Int]) -> [UInt8] { framed(content, offsets) }

    private static func array(_ entries: [[UInt8]]) -> [UInt8] {
        var ends: [Int] = []
        var content: [UInt8] = []
        // One after the other: `joined` takes seconds where nothing is optimised.
        for entry in entries {
            content += entry
            ends.append(content.count)
        }
        return framed(content, ends)
    }

    private static func framed(_ content: [UInt8], _ offsets: [Int]) -> [UInt8] {
        guard !offsets.isEmpty else { return content }
        let width = [1, 2, 4].first { content.count + offsets.count * $0 < 1 << (8 * $0) } ?? 4
        var result = content
        result.reserveCapacity(content.count + offsets.count * width)
        for offset in offsets {
            for index in 0..<width { result.append(UInt8(truncatingIfNeeded: offset >> (8 * index))) }
        }
        return result
    }
}
