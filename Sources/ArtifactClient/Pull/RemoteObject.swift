// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

extension ObjectName {
    /// The object's path below the URL of an archive repository.
    var webPath: String {
        let hex = checksum.hex
        return "objects/\(hex.prefix(2))/\(hex.dropFirst(2)).\(type.rawValue)"
    }
}

extension ClientError {
    /// A remote does not have an object.
    static func lacks(_ name: ObjectName, at remote: String) -> ClientError {
        ClientError(
            .missing,
            "\(remote) lacks object \(name), which a commit there needs: it was pruned or damaged, so tell its administrator, or "
                + "pull from another cache")
    }

    /// A remote has something else in an object's place.
    static func wrongBytes(_ error: RepositoryError, from remote: String) -> ClientError {
        ClientError(.badContent, "\(remote) serves wrong bytes: \(error): tell its administrator")
    }
}
