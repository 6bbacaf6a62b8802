// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

/// Judges whether a commit is signed as the owner of a store wants it.
public protocol SignatureVerifier: Sendable {
    /// Looks for one good signature.
    ///
    /// - Parameters:
    ///   - commit: the bytes of the commit object, which are what is signed.
    ///   - detached: its detached metadata, `a{sv}`, where the signatures are; nil where it has none.
    /// - Throws: `SignatureObjection` where the commit has no good signature; anything else where that could not
    ///   be found out.
    func verify(_ commit: [UInt8], _ detached: Variant?) throws
}

/// Why a commit does not count as signed.
public struct SignatureObjection: Error, CustomStringConvertible, Sendable {
    /// The end of a sentence that begins with the commit, with what to do about it: `it has no GPG signature, …`.
    public let description: String

    /// Describes an objection.
    public init(_ description: String) {
        self.description = description
    }
}

/// One of the kinds of signatures that libostree puts into detached metadata.
struct SignatureKind {
    /// The key in the detached metadata, whose value is an `aay`.
    let key: String
    /// How messages call such a signature.
    let name: String
    /// How a commit gets one.
    let remedy: String

    /// The most signatures of one commit that are looked at: who pushes them decides how many there are.
    static let maximumCount = 64

    /// The signatures of this kind, in their order, at least one.
    ///
    /// - Throws: `SignatureObjection` where there are none, or something else stands in their place.
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

    /// How messages call so many of them, of which none is good.
    func none(of count: Int) -> String {
        count == 1 ? "its \(name) signature is not good" : "none of its \(count) \(name) signatures is good"
    }
}
