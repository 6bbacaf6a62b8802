// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// A file that workers verify and store while more of it is received.
///
/// One that arrives as a whole is decompressed and hashed at once; any other piece by piece, into a file of its own.
final class FileJob: @unchecked Sendable {
    // `pieces`, `isQueued`, `failure` and `isAbandoned` are touched with the monitor's lock held, the rest by the one
    // worker that has taken the job; hence @unchecked Sendable.

    /// Consecutive bytes of the file.
    struct Piece: Sendable {
        let bytes: [UInt8]
        let isLast: Bool
        /// The memory that it takes, with its job's, which counts for the bound on what waits.
        var weight: Int { bytes.capacity + 512 }
    }

    let name: ObjectName
    /// Pieces that no worker has taken yet.
    var pieces: [Piece] = []
    /// Indicates that the job is queued, or a worker is at it.
    var isQueued = false
    var failure: (any Error)?
    /// Indicates that the receiver gave up on the file.
    var isAbandoned = false

    private let place: QuarantinePlace
    private let temporaryName: String
    /// Only made for files that do not arrive as a whole.
    private lazy var decoder = FilezDecoder(name)
    private var file: Descriptor?
    /// The number of bytes that were written, and of those whose writing to the disk has begun.
    private var (written, writingBack) = (Int64(0), Int64(0))

    /// The number of bytes whose writing to the disk begins together.
    private static let writeBackSize: Int64 = 8 * 1024 * 1024

    init(_ name: ObjectName, _ place: QuarantinePlace, temporaryName: String) {
        (self.name, self.place, self.temporaryName) = (name, place, temporaryName)
    }

    deinit { removeFile() }

    /// Removes the file of a job that failed or was abandoned.
    private func removeFile() {
        if file != nil { try? place.incoming.remove(temporaryName) }
        file = nil
    }

    /// Processes pieces, on a worker.
    ///
    /// - Returns: the failure, after which the file is gone; nil if all was well.
    func process(_ pieces: [Piece], _ wholeFileDecoder: WholeFileDecoder) -> (any Error)? {
        do {
            for piece in pieces { try process(piece, wholeFileDecoder) }
            return nil
        } catch {
            removeFile()
            return error
        }
    }

    private func process(_ piece: Piece, _ wholeFileDecoder: WholeFileDecoder) throws {
        try piece.bytes.withUnsafeBytes { bytes in
            if file == nil, piece.isLast, let (header, content) = wholeFileDecoder.decode(bytes, name) {
                return try place.keep(name, header, bytes, content: content)
            }
            let file = try self.file ?? place.incoming.createFile(temporaryName)
            self.file = file
            try decoder.write(bytes) { content in
                if place.mode != .archive { try store(content, in: file) }
            }
            if place.mode == .archive { try store(bytes, in: file) }
            guard piece.isLast else { return }
            try place.keep(name, decoder.finish(), file, temporaryName: temporaryName)
            self.file = nil
        }
    }

    private func store(_ bytes: UnsafeRawBufferPointer, in file: Descriptor) throws {
        try file.writeAll(bytes)
        written += Int64(bytes.count)
        guard written - writingBack >= FileJob.writeBackSize else { return }
        file.beginWritingBack(from: writingBack, count: written - writingBack)
        writingBack = written
    }
}
