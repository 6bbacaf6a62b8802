// SPDX-License-Identifier: Apache-2.0

import Variants

extension Summary {
    /// The largest summary whose signatures are verified, in bytes, since that takes all of it in memory.
    private static let largestSignedSize = 128 << 20

    /// Checks the signatures of a summary.
    ///
    /// - Parameters:
    ///   - signatures: The content of `summary.sig`; nil if there is none.
    ///   - verifiers: The verifiers, each of which must accept it.
    ///   - remote: The repository, for messages.
    /// - Throws: `RepositoryError` with `badSignature`.
    public func verify(
        _ signatures: [UInt8]?, by verifiers: [any SignatureVerifier], of remote: String
    ) throws {
        func refused(_ reason: String) -> RepositoryError {
            RepositoryError(.badSignature, "the summary of \(remote) is refused: \(reason)")
        }
        guard let signatures else {
            throw refused("there is no summary.sig beside it, so have it signed")
        }
        guard let variant = try? Variant(parsing: signatures, as: "a{sv}") else {
            throw refused("its summary.sig is not well formed, so have it signed anew")
        }
        let bytes = try whole.withSerializedBytes { bytes in
            guard bytes.count <= Summary.largestSignedSize else {
                throw refused(
                    "it has more than \(Summary.largestSignedSize) bytes, and its signatures are not verified then"
                )
            }
            return Array(bytes)
        }
        do {
            for verifier in verifiers { try verifier.verify(bytes, variant) }
        } catch let objection as SignatureObjection {
            throw refused("\(objection)")
        }
    }
}
