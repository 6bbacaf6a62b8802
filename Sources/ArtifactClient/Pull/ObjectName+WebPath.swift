// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

extension ObjectName {
    /// The object's path below the URL of an archive repository.
    var webPath: String {
        let hex = checksum.hex
        return "objects/\(hex.prefix(2))/\(hex.dropFirst(2)).\(type.rawValue)"
    }
}
