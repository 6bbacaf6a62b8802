// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository

extension Terminal {
    /// Warns about refs that could not be listed.
    func warn(about leftOut: [RefListing.LeftOut]) {
        for ref in leftOut { warn("ref \(ref.name.forDisplay()) is left out: \(ref.reason)") }
    }
}
