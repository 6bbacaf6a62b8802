// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// Answers a receiver that asks for the objects which it lacks.
struct ObjectAnswerer {
    private let connection: ReceiverConnection
    private let encoder: ParallelEncoder
    private let offered: OfferedObjects
    private let meter: PushProgress
    private let buffer = PieceBuffer()
    /// What was asked for and is not being compressed yet; the protocol bounds it.
    private var wanted: [ObjectName] = []
    private var started = 0

    /// With fewer waiting, it is looked whether more was asked for.
    private static let lowWater = 256

    init(
        _ connection: ReceiverConnection, _ encoder: ParallelEncoder, _ offered: OfferedObjects,
        _ meter: PushProgress
    ) {
        self.meter = meter
        self.connection = connection
        self.encoder = encoder
        self.offered = offered
    }

    /// Sends what is asked for, until nothing is lacking.
    ///
    /// - Parameter first: what was asked for already.
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
        // In order: what was asked for before goes first.
        while let object = try encoder.next() { try write(object) }
        try connection.say { try $0.object(name, size: nil) }
    }

    private mutating func write(_ object: EncodedObject) throws {
        try connection.say { try $0.object(object.name, size: object.size) }
        try object.forEachPiece(buffer: buffer.bytes) { try connection.write($0) }
        meter.sent(object.name, bytes: object.size)
    }
}

/// Room for pieces of objects on their way out.
final class PieceBuffer {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 64)
    deinit { bytes.deallocate() }
}
