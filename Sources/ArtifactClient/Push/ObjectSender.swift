// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// Sends objects as a tar stream, while the following ones are being compressed.
struct ObjectSender {
    let connection: ReceiverConnection<PushStateMachine>
    let encoder: ParallelEncoder
    let progress: PushProgress

    /// The most objects of version 0 that may be unacknowledged, so that neither side waits for the other: their
    /// acknowledgements, 35 bytes each, fit into any pipe.
    private static let unacknowledgedLimit = 64

    func send(_ name: ObjectName) throws {
        while encoder.isFull, let object = try encoder.next() { try write(object, isLast: false) }
        encoder.submit(name)
    }

    func finish() throws {
        // The tar writer must know the last one.
        while let object = try encoder.next() { try write(object, isLast: encoder.isEmpty) }
    }

    private func write(_ object: EncodedObject, isLast: Bool) throws {
        if connection.session.unacknowledgedObjects >= ObjectSender.unacknowledgedLimit {
            // Half at a time, so that objects still go out in large writes.
            while connection.session.unacknowledgedObjects > ObjectSender.unacknowledgedLimit / 2 {
                _ = try connection.answer()
            }
        }
        try connection.say { try $0.objectHeader(object.name, size: object.size, isLast: isLast) }
        try connection.write(object)
        try connection.say { $0.objectTrailer(size: object.size) }
        progress.sent(object.name, bytes: object.size)
    }
}
