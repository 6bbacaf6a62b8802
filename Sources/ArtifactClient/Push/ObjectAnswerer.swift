// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// Sends the objects that a receiver requests, which are those that it lacks.
struct ObjectAnswerer {
    private let connection: ReceiverConnection
    private let encoder: ParallelEncoder
    private let offered: OfferedObjects
    private let progress: PushProgress
    private let buffer = PieceBuffer()
    /// The requested objects, from `started` on not being compressed yet; the protocol bounds their number.
    private var wanted: [ObjectName] = []
    private var started = 0

    /// Below this number of waiting objects, further requests are read.
    private static let lowWater = 256

    init(
        _ connection: ReceiverConnection, _ encoder: ParallelEncoder, _ offered: OfferedObjects,
        _ progress: PushProgress
    ) {
        self.progress = progress
        self.connection = connection
        self.encoder = encoder
        self.offered = offered
    }

    /// Sends objects until the receiver lacks none.
    ///
    /// - Parameter first: the objects already requested.
    mutating func answer(
        _ first: [ObjectName] = [], showActivity: (String) -> Void
    ) throws {
        wanted += first
        while true {
            while started < wanted.count, !encoder.isFull { try start() }
            if started == wanted.count { (wanted, started) = ([], 0) }
            if let object = try encoder.next() {
                try write(object)
                guard wanted.count - started < ObjectAnswerer.lowWater else { continue }
            }
            let isIdle = encoder.isEmpty && wanted.isEmpty
            guard let answer = isIdle ? try connection.answer() : try connection.waitingAnswer() else {
                continue
            }
            switch answer {
            case .want([]): return
            case .want(let names): wanted += names
            case .progress(let progress): showActivity(progress.activity)
            default: break
            }
        }
    }

    private mutating func start() throws {
        let name = wanted[started]
        started += 1
        guard try offered.contains(name) else {
            throw ClientError(
                .refused,
                "the receiver asks for object \(name), which is no part of what is pushed, so it gets nothing"
            )
        }
        if try offered.isHere(name) { return encoder.submit(name) }
        // Answers go out in the order of the requests.
        while let object = try encoder.next() { try write(object) }
        try connection.say { try $0.object(name, size: nil) }
    }

    private mutating func write(_ object: EncodedObject) throws {
        try connection.say { try $0.object(object.name, size: object.size) }
        try object.forEachPiece(buffer: buffer.bytes) { try connection.write($0) }
        progress.sent(object.name, bytes: object.size)
    }
}

/// A buffer for pieces of objects to send.
final class PieceBuffer {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 64)
    deinit { bytes.deallocate() }
}
