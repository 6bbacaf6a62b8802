// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

extension RefName {
    /// Parses a name that a person wrote.
    ///
    /// - Throws: `ClientError` with `unknownRef` and the rules for names.
    public init(parsing text: some StringProtocol) throws(ClientError) {
        guard let ref = RefName(text) else {
            if let reason = RefName.mistake(in: String(text)) { throw ClientError(.unknownRef, reason) }
            throw ClientError(
                .unknownRef,
                "'\(String(text).forDisplay())' is not a ref name: it has letters, digits, '-', '.' and '_' between single "
                    + "slashes")
        }
        self = ref
    }

    /// Returns a sentence for a person who wrote something else than a ref.
    private static func mistake(in text: String) -> String? {
        let shown = "'\(text.forDisplay(limit: 100))'"
        if Checksum(hex: text) != nil {
            return
                "\(shown) is a commit, and a ref is wanted here: name one that points to it, which 'ostree refs "
                + "--create=REF \(text)' makes"
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2, let ref = RefName(parts[1]), RefName(parts[0]) != nil {
            return
                "\(shown) is a ref that was pulled from the remote \(parts[0]), and only a repository's own refs are pushed: "
                + "make one with 'ostree refs --create=\(ref) \(text)', and push \(ref)"
        }
        if text.utf8.count > maximumSize {
            return
                "\(shown) is too long for a ref name: it has \(text.utf8.count) bytes, and at most \(maximumSize) are taken"
        }
        let longest = text.utf8.split(separator: UInt8(ascii: "/")).map(\.count).max() ?? 0
        if longest > maximumPartSize {
            return
                "\(shown) is too long for a ref name: a part of it has \(longest) bytes, and between slashes at most "
                + "\(maximumPartSize) are taken"
        }
        return nil
    }
}
