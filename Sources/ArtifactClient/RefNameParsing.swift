// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

extension RefName {
    /// Checks a name that somebody has written.
    ///
    /// - Throws: `ClientError` with `unknownRef`, which says how names are built, where it is none.
    public init(parsing text: some StringProtocol) throws(ClientError) {
        guard let ref = RefName(text) else {
            throw ClientError(
                .unknownRef,
                "'\(String(text).forDisplay())' is not a ref name: it has letters, digits, '-', '.' and '_' between single "
                    + "slashes")
        }
        self = ref
    }
}
