// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

extension Quarantine {
    /// Opens an object that is here, received or left by an interrupted predecessor, in the form in which the store keeps it; nil
    /// if it is not here.
    package func openReceived(_ name: ObjectName) throws -> Descriptor? {
        guard let local = self as? LocalQuarantine else { return nil }
        let place = local.place(name.type)
        if let file = try place.fileIfPresent(name.checksum) { return file }
        return try local.takeFromSalvage(name) ? place.fileIfPresent(name.checksum) : nil
    }

    /// Returns true if a predecessor that was interrupted has handed a file to its taker.
    package func wasTaken(_ file: ObjectName) -> Bool {
        (self as? LocalQuarantine)?.taken?.before.contains(file.checksum) ?? false
    }

    /// Checks that detached metadata was received only for commits that were received, too, or that refs are to point to.
    ///
    /// - Throws: `RepositoryError` with `badObject`.
    package func checkDetachedMetadata(of tips: [Checksum]) throws {
        guard let local = self as? LocalQuarantine else { return }
        let tips = Set(tips)
        try local.place(.commitmeta).forEachFile { _, commit in
            guard let commit else { return }
            guard try holds(ObjectName(commit, .commit)) || tips.contains(commit) else {
                throw RepositoryError.badObject(
                    ObjectName(commit, .commitmeta),
                    "it is detached metadata of a commit that is not part of this push")
            }
        }
    }
}
