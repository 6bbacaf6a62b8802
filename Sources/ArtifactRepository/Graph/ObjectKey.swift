// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The part of an object's name that an `ObjectMap` keeps.
package struct ObjectKey: Sendable {
    let words: (UInt64, UInt64)

    /// Makes the key of an object.
    package init(_ name: ObjectName) {
        let (first, second) = name.checksum.leadingWords
        // Commits and their detached metadata have the same checksum. No key is zero.
        words = (first & ~7 | ObjectKey.number(of: name.type), second)
    }

    /// Indicates a commit or dirtree.
    var isNode: Bool { words.0 & 7 <= 2 }

    private static func number(of type: ObjectType) -> UInt64 {
        switch type {
        case .commit: 1
        case .dirtree: 2
        case .dirmeta: 3
        case .commitmeta: 4
        case .file: 5
        }
    }
}
