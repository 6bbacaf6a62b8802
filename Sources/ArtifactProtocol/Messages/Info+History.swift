// SPDX-License-Identifier: Apache-2.0

extension Info {
    /// Tells where the history of a ref ends early, unless no space is left in the message.
    ///
    /// - Parameter space: the bytes that are left.
    package mutating func tellHistoryEnd(of ref: RefName, at commit: Checksum, space: inout Int) {
        // Two strings with their NULs, and two framing offsets of at most 4 bytes each.
        let size = ref.text.utf8.count + 1 + 2 * Checksum.byteCount + 1 + 8
        guard size <= space else { return }
        space -= size
        historyEnds[ref] = commit
    }
}
