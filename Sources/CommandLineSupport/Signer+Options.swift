// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository

extension Signer {
    /// Returns the keys that options name.
    package static func list(keyFiles: [String], keys: [String], home: String?) -> [Signer] {
        keyFiles.map { .ed25519(keyFile: $0) } + keys.map { .gpg(key: $0, home: home) }
    }
}
