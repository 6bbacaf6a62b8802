// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A metadata object on its way in. It is held in memory, since libostree bounds its size.
final class IncomingMetadata: IncomingObject {
    private let name: ObjectName
    private let place: QuarantinePlace
    private let quarantine: LocalQuarantine
    private var bytes: [UInt8] = []

    init(_ name: ObjectName, _ place: QuarantinePlace, of quarantine: LocalQuarantine) {
        self.name = name
        self.place = place
        self.quarantine = quarantine
    }

    func write(_ more: UnsafeRawBufferPointer) throws {
        guard bytes.count + more.count <= Commit.maximumMetadataSize else {
            throw RepositoryError.badObject(name, "it is larger than \(Commit.maximumMetadataSize) bytes")
        }
        bytes.append(contentsOf: more)
    }

    func finish() throws {
        try bytes.withUnsafeBytes { bytes in
            try checkMetadata(bytes, name)
            try place.keep(name, bytes, mode: place.fileMode)
        }
        quarantine.noteHeld(name, bytes)
    }
}
