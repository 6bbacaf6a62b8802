// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository

extension RepositoryError {
    /// The error for something in a bucket that is not what this project writes there.
    static func damaged(_ what: String, _ reason: String) -> RepositoryError {
        RepositoryError(
            .badObject,
            "cannot read \(what): \(reason), so it was not written by this project or is damaged: restore it from a copy"
        )
    }
}
