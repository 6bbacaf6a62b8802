// SPDX-License-Identifier: Apache-2.0

/// Takes messages of one version out of a buffer.
package struct MessageReader: Sendable {
    /// The only version that the peer may use.
    let version: ProtocolVersion
    /// Indicates that the peer may send bodies of more than 65,535 bytes.
    package var allowsLargeFrames = false

    package init(version: ProtocolVersion) {
        self.version = version
    }

    /// The next message, or nil where it is not all there yet.
    ///
    /// - Throws: `ProtocolError` as soon as what is there cannot become a message.
    package func next(from buffer: StreamBuffer) throws(ProtocolError) -> Message? {
        let bytes = buffer.readable
        guard let header = try FrameHeader(reading: bytes, large: allowsLargeFrames) else { return nil }
        guard header.version == version else {
            throw ProtocolError(
                .malformed,
                "the peer speaks version \(header.version.rawValue) of the protocol where version \(version.rawValue) "
                    + "was agreed on, so start it with the other --protocol")
        }
        let end = header.size + header.bodySize
        guard bytes.count >= end else {
            buffer.reserve(end)
            return nil
        }
        let message = try Message(
            header: header, body: UnsafeRawBufferPointer(rebasing: bytes[header.size..<end]))
        buffer.consume(end)
        return message
    }
}
