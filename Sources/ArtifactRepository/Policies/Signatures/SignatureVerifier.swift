// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

/// A verifier of commit signatures.
public protocol SignatureVerifier: Sendable {
    /// The key of the verified signatures in detached metadata: `ostree.gpgsigs`.
    var key: String { get }
    /// Checks that a commit has a good signature.
    ///
    /// - Parameters:
    ///   - commit: The bytes of the commit object, which are signed.
    ///   - detached: The commit's detached metadata, `a{sv}`, which holds the signatures; nil if it has none.
    /// - Throws: `SignatureObjection` if the commit has no good signature; another error if that cannot be determined.
    func verify(_ commit: [UInt8], _ detached: Variant?) throws
}

/// The reason why a commit is not accepted as signed.
public struct SignatureObjection: Error, CustomStringConvertible, Sendable {
    /// The end of a sentence that begins with the commit, including the remedy: `it has no GPG signature, …`.
    public let description: String

    /// Creates an objection.
    public init(_ description: String) {
        self.description = description
    }
}

/// A kind of signature in detached metadata, as defined by libostree.
struct SignatureKind {
    /// The key in the detached metadata, whose value is an `aay`.
    let key: String
    /// The name of the kind in messages.
    let name: String
    /// The command that makes such a signature.
    let remedy: String

    /// The maximum number of signatures that are verified per commit, since the peer controls their number.
    static let maximumCount = DetachedMetadata.maximumSignatures

    /// The signatures of this kind, in order, at least one.
    ///
    /// - Throws: `SignatureObjection` if there are none, or the value has another type.
    func signatures(in detached: Variant?) throws(SignatureObjection) -> [[UInt8]] {
        guard let entry = detached?.entry(key) else {
            throw SignatureObjection("it has no \(name) signature, so have it signed with \(remedy)")
        }
        guard entry.typeString == "aay" else {
            throw SignatureObjection(
                "what its detached metadata has under '\(key)' is of type \(entry.typeString) and not aay, so have it signed "
                    + "anew with \(remedy)")
        }
        guard entry.count > 0 else {
            throw SignatureObjection("it has no \(name) signature, so have it signed with \(remedy)")
        }
        try checkCount(entry.count)
        return (0..<entry.count).map { entry[$0].bytes ?? [] }
    }

    func checkCount(_ count: Int) throws(SignatureObjection) {
        guard count <= SignatureKind.maximumCount else {
            throw SignatureObjection(
                "it has \(count) \(name) signatures, and at most \(SignatureKind.maximumCount) are looked at, so remove "
                    + "those that are not needed")
        }
    }

    /// The part of a message about `count` signatures none of which is good.
    func none(of count: Int) -> String {
        count == 1 ? "its \(name) signature is not good" : "none of its \(count) \(name) signatures is good"
    }
}
