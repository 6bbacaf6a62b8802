// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The directories of `objects/` that were not there when they were first looked for, as most are not in a new repository: what
/// belongs into them need not be looked for. An object that somebody else puts there meanwhile is received once more.
struct AbsentDirectories {
    private let objects: Directory
    /// By the first byte of the checksums; nil for a directory that was not looked for.
    private var isAbsent: [Bool?] = Array(repeating: nil, count: 256)

    init(of objects: Directory) {
        self.objects = objects
    }

    /// Returns true if the place of an object was not there.
    mutating func includesPlace(of name: ObjectName) throws -> Bool {
        let first = Int(name.checksum.firstByte)
        if let known = isAbsent[first] { return known }
        let isAbsent = try !objects.contains(String(name.checksum.hex.prefix(2)))
        self.isAbsent[first] = isAbsent
        return isAbsent
    }
}
