// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// Notes that all ancestors of a commit have been here. They stay when ancestors are removed, by expiry or `ostree prune`:
/// those are not missed then.
///
/// A note is an extended attribute of the commit with the identity of `objects/`, since objects are also linked or copied
/// into other repositories, with their attributes.
extension Repository {
    private static let attribute = "user.bst-artifact.history"

    /// Returns true if all ancestors of a commit are known to have been here at a time.
    public func hadWholeHistory(of commit: Checksum) -> Bool {
        guard let file = try? objects.openFile(objectPath(ObjectName(commit, .commit))),
            let value = try? file.attribute(Repository.attribute)
        else { return false }
        return value == historyNote
    }

    /// Returns true if a commit is here that has no parent, or all of whose ancestors have been here.
    func endsWholeHistory(with commit: Checksum) throws -> Bool {
        if hadWholeHistory(of: commit) { return true }
        return try hasWhole(commit) && parent(of: commit) == nil
    }

    /// Notes that all ancestors of a commit are here. A failure costs time later, and nothing else.
    public func noteWholeHistory(of commit: Checksum) {
        guard let file = try? objects.openFile(objectPath(ObjectName(commit, .commit))) else { return }
        noteWholeHistory(of: file)
    }

    /// Notes the same for a commit that is not published yet.
    func noteWholeHistory(of commit: Descriptor) {
        guard let note = historyNote else { return }
        try? commit.setAttribute(Repository.attribute, to: note)
    }

    private var historyNote: [UInt8]? {
        guard let status = try? objects.descriptor.status() else { return nil }
        return [UInt64(status.st_dev), UInt64(status.st_ino)].flatMap { word in
            withUnsafeBytes(of: word.littleEndian) { Array($0) }
        }
    }
}
