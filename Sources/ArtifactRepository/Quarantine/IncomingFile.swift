// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A file on its way in, whose pieces are submitted to workers.
final class IncomingFile: IncomingObject {
    private let workers: ObjectWorkers
    private let job: FileJob
    private var bytes: [UInt8] = []
    private var isFirst = true
    private var isFinished = false

    /// The most bytes of one piece.
    private static let pieceSize = 256 * 1024

    init(_ job: FileJob, size: UInt64?, _ workers: ObjectWorkers) {
        (self.job, self.workers) = (job, workers)
        bytes.reserveCapacity(Int(min(size ?? 4096, UInt64(IncomingFile.pieceSize))))
    }

    deinit {
        if !isFinished { workers.abandon(job) }
    }

    func write(_ more: UnsafeRawBufferPointer) throws {
        var rest = more
        while bytes.count + rest.count > IncomingFile.pieceSize {
            let part = IncomingFile.pieceSize - bytes.count
            bytes.append(contentsOf: rest[..<part])
            rest = UnsafeRawBufferPointer(rebasing: rest[part...])
            try submit(isLast: false)
        }
        bytes.append(contentsOf: rest)
    }

    func finish() throws {
        isFinished = true
        try submit(isLast: true)
    }

    private func submit(isLast: Bool) throws {
        let piece = FileJob.Piece(bytes: bytes, isLast: isLast)
        bytes = []
        if !isLast { bytes.reserveCapacity(IncomingFile.pieceSize) }
        defer { isFirst = false }
        try workers.submit(piece, of: job, isOnly: isFirst && isLast)
    }
}
