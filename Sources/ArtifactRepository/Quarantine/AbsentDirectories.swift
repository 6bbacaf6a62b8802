// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The directories of `objects/` that were not there when a quarantine began, as most are not in a new repository. What belongs
/// into them need not be looked for: an object that somebody else puts there meanwhile is received once more.
struct AbsentDirectories: Sendable {
    /// By the first byte of the checksums.
    private let isAbsent: [Bool]

    init(of objects: Directory) throws {
        var isAbsent = Array(repeating: true, count: 256)
        try objects.forEachEntry { entry in
            if entry.utf8.count == 2, let first = UInt8(entry, radix: 16) { isAbsent[Int(first)] = false }
        }
        self.isAbsent = isAbsent
    }

    /// Returns true if the place of an object was not there.
    func includePlace(of checksum: Checksum) -> Bool { isAbsent[Int(checksum.firstByte)] }
}
