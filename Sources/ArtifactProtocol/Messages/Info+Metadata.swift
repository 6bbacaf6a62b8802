// SPDX-License-Identifier: Apache-2.0

extension Info {
    /// The most items of one commit that are told.
    private static let maximumItems = 256

    /// Tells about the detached metadata of a commit, unless there is too much, or no space left in the message.
    ///
    /// - Parameter space: the bytes that are left.
    package mutating func tellMetadata(of commit: Checksum, _ items: Set<Checksum>, space: inout Int) {
        // Two framing offsets of at most 4 bytes each, beside the checksums.
        let size = Checksum.byteCount * (1 + items.count) + 8
        guard items.count <= Info.maximumItems, size <= space else { return }
        space -= size
        metadata[commit] = items
    }

    /// The bytes that are left in a message for detached metadata.
    ///
    /// - Parameter large: true if the peer has `Capability.largeFrames`.
    package func spaceForMetadata(large: Bool) -> Int {
        let limit = large ? FrameHeader.maximumLongBodySize : FrameHeader.maximumBodySize
        // The key, its padding and framing, and wider framing of what is there.
        let frame = 64 + 8 * refs.count
        return max(0, limit - body.serialized().count - frame)
    }
}
