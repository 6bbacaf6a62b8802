// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

extension Repository {
    /// The path of a ref's file.
    func refFile(_ ref: RefName) -> String { "\(refPlace.path)/\(ref)" }

    /// The commit that a ref points to; nil where there is no such ref.
    ///
    /// - Throws: where the ref cannot be read, or holds no commit.
    public func commit(of ref: RefName) throws -> Checksum? {
        try commitInRefFile(refFile(ref))
    }

    /// The commit in a file among the refs, or in the one that it is a link to; nil where there is none.
    ///
    /// - Throws: `RepositoryError` with `badObject` where the file holds no commit.
    func commitInRefFile(_ file: String) throws -> Checksum? {
        var ref: String { RefPath(file.dropFirst("refs/".count)).shown }
        // Aliases are symbolic links, hence not Directory.openFile.
        let number = retryingInterrupts { openat(root.descriptor.number, file, O_RDONLY | O_CLOEXEC) }
        guard number >= 0 else {
            // A circle of aliases leads nowhere.
            if errno == ELOOP { return nil }
            return try SystemError("read ref \(ref) of \(path)").absence()
        }
        let opened = Descriptor(number)
        let (text, count) = try withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            let count = retryingInterrupts { read(opened.number, buffer.baseAddress, buffer.count) }
            // A directory of refs is no ref.
            guard count >= 0 || errno == EISDIR else { throw SystemError("read ref \(ref) of \(path)") }
            return (String(decoding: buffer[..<min(max(count, 0), 65)], as: UTF8.self), count)
        }
        if count < 0 { return nil }
        guard count < 4096, let commit = Checksum(hex: text.prefix { !$0.isWhitespace }) else {
            throw RepositoryError(
                .badObject,
                "ref \(ref) of \(path) holds no commit, so repair it with 'ostree refs --delete \(ref)'")
        }
        return commit
    }

    /// All refs in the place, sorted; what `refListing` leaves out is left out.
    public func refs() throws -> RefList {
        try refListing().refs
    }
}
