// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository

extension Terminal {
    /// Says which refs could not be listed, and why.
    func warn(of leftOut: [RefListing.LeftOut]) {
        for ref in leftOut { warn("ref \(ref.name.forDisplay()) is left out: \(ref.reason)") }
    }
}
