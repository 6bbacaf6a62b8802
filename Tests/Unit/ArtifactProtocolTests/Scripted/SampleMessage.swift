// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// One message of every kind, as version 0 or 1 has it.
enum SampleMessage {
    static let commit = Checksum(hex: String(repeating: "ab", count: 32))!
    static let ref = RefName("project/element/key")!
    static let object = ObjectName(commit, .dirtree)
    static let updates = [RefEdit(ref, from: .mustNotExist, to: commit)]

    static let announcement = ObjectAnnouncement(fileName: object.fileName, size: 0)

    static func messages(_ version: ProtocolVersion) -> [Message] {
        [
            .info(Info(mode: 1)), .update(updates),
            version == .one
                ? .putObjects : .putObject(ObjectAnnouncement(fileName: object.fileName, size: 0)),
            .status(Status(accepted: true)), .done,
        ]
    }
}
