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
        /// The memory that it takes, with its job's, which counts for the bound on what waits. Of small files, most is the job's:
        /// 5,700 more of them that wait take 8 MiB.
        var weight: Int { bytes.capacity + 1536 }
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
    private let travelling: TravellingBytes
    /// The name of the stored form while it is written.
    private let temporaryName: String
    /// Only made for files that do not arrive as a whole.
    private lazy var decoder = FilezDecoder(name)
    /// The stored form, where that is not what travels.
    private var content: Descriptor?
    private var hasBegun = false
    private var hasFailed = false
    /// The number of bytes that were written, and of those whose writing to the disk has begun.
    private var (written, writingBack) = (Int64(0), Int64(0))

    /// The number of bytes whose writing to the disk begins together.
    private static let writeBackSize: Int64 = 8 * 1024 * 1024

    /// Describes a job.
    ///
    /// - Parameters:
    ///   - fragment: the name of the bytes that travel, where they are kept.
    ///   - offset: the size of the fragment's part that is here, behind which the first piece begins.
    ///   - keepsFragment: true to keep the travelling bytes of a large file for a successor also where they are not the
    ///     stored form.
    init(
        _ name: ObjectName, _ place: QuarantinePlace, _ fragment: Fragment, from offset: UInt64 = 0,
        keepsFragment: Bool = false
    ) {
        (self.name, self.place) = (name, place)
        let isStoredForm = place.mode == .archive
        travelling = TravellingBytes(
            fragment, in: place.incoming, from: offset,
            use: isStoredForm ? .storedForm : keepsFragment ? .copy : .none)
        temporaryName = isStoredForm ? fragment.fileName : "\(fragment.number)"
    }

    deinit { removeContent() }

    private func removeContent() {
        if content != nil { try? place.incoming.remove(temporaryName) }
        content = nil
    }

    /// Processes pieces, on a worker.
    ///
    /// - Returns: the failure, after which the file is gone; nil if all was well.
    func process(_ pieces: [Piece], _ wholeFileDecoder: WholeFileDecoder) -> (any Error)? {
        guard !hasFailed else { return nil }
        do {
            for piece in pieces { try process(piece, wholeFileDecoder) }
            return nil
        } catch {
            hasFailed = true
            removeContent()
            travelling.remove()
            return error
        }
    }

    private func process(_ piece: Piece, _ wholeFileDecoder: WholeFileDecoder) throws {
        try piece.bytes.withUnsafeBytes { bytes in
            if !hasBegun, piece.isLast, travelling.offset == 0,
                let (header, content) = wholeFileDecoder.decode(bytes, name)
            {
                return try place.keep(name, header, bytes, content: content)
            }
            if !hasBegun { try begin() }
            try decode(bytes)
            try travelling.write(bytes)
            if place.mode == .archive { noteWritten(bytes.count, to: travelling.file) }
            guard piece.isLast else { return }
            let header = try decoder.finish()
            if let file = content ?? travelling.file {
                try place.keep(name, header, file, temporaryName: temporaryName)
            }
            if content == nil { travelling.release() } else { travelling.remove() }
            content = nil
        }
    }

    private func begin() throws {
        hasBegun = true
        try travelling.open()
        if place.mode == .archive {
            (written, writingBack) = (Int64(travelling.offset), Int64(travelling.offset))
        }
        if place.mode != .archive { content = try place.incoming.createFile(temporaryName) }
        try travelling.read(decode)
    }

    private func decode(_ bytes: UnsafeRawBufferPointer) throws {
        try decoder.write(bytes) { part in
            try content?.writeAll(part)
            if content != nil { noteWritten(part.count, to: content) }
        }
    }

    /// Begins to write to the disk what was written to a file, now and then.
    private func noteWritten(_ count: Int, to file: Descriptor?) {
        written += Int64(count)
        guard written - writingBack >= FileJob.writeBackSize else { return }
        file?.beginWritingBack(from: writingBack, count: written - writingBack)
        writingBack = written
    }
}
