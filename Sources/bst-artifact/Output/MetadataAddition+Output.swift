// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import TextCoding

extension MetadataAddition {
    /// The parts, for people: `2 signatures and 1 entry of detached metadata`.
    var text: String {
        var parts: [String] = []
        if signatures > 0 { parts.append(Format.count(signatures, "signature")) }
        if otherEntries == 1 { parts.append("1 entry of detached metadata") }
        if otherEntries > 1 { parts.append("\(otherEntries) entries of detached metadata") }
        return parts.joined(separator: " and ")
    }

    /// The parts and their fate.
    func json(outcome: String) -> JSON {
        [
            "outcome": JSON(outcome), "signatures": JSON(signatures), "otherEntries": JSON(otherEntries),
        ]
    }
}
