// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Glibc
import SystemCalls

extension Repository {
    /// The commit that a ref points to; nil where there is no such ref.
    ///
    /// - Throws: where the ref cannot be read, or holds no commit.
    public func commit(of ref: RefName) throws -> Checksum? {
        // Aliases are symbolic links, hence not Directory.openFile.
        let number = retryingInterrupts {
            openat(root.descriptor.number, "refs/heads/\(ref)", O_RDONLY | O_CLOEXEC)
        }
        guard number >= 0 else {
            // A circle of aliases leads nowhere.
            if errno == ELOOP { return nil }
            return try SystemError("read ref \(ref) of \(path)").absence()
        }
        let file = Descriptor(number)
        // A directory of refs is no ref.
        if try file.status().st_mode & S_IFMT == S_IFDIR { return nil }
        let bytes = try file.readAll(limit: 4096)
        guard let text = String(validating: bytes, as: UTF8.self),
            let checksum = Checksum(hex: text.prefix { !$0.isWhitespace })
        else {
            throw RepositoryError(
                .badObject,
                "ref \(ref) of \(path) holds no commit, so repair it with 'ostree refs --delete \(ref)'")
        }
        return checksum
    }

    /// All refs below `refs/heads`, sorted; what `refListing` leaves out is left out.
    public func refs() throws -> [(ref: RefName, commit: Checksum)] {
        try refListing().refs
    }
}
