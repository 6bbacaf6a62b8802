// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Threads that verify and write the files which another thread receives.
///
/// What waits for them is bounded: who brings more has to wait. Pieces of one file are taken one after the other, by
/// whichever thread is free; a file in few pieces never waits for one in many.
final class ObjectWorkers {
    /// Some bytes of a file, in order.
    fileprivate struct Piece: Sendable {
        let bytes: [UInt8]
        let isLast: Bool
        /// What it counts for: an empty one, too, is to be waited for.
        var weight: Int { bytes.count + 256 }
    }

    /// A file that is being received.
    fileprivate final class Strand: @unchecked Sendable {
        // `pieces`, `isTaken`, `failure` and `isAbandoned` are touched with the monitor's lock held, `file` by the one
        // worker that has taken the strand; hence @unchecked Sendable.
        let name: ObjectName
        let storage: FileStorage
        let temporaryName: String
        var pieces: [Piece] = []
        /// Whether it waits in line, or a worker is at it.
        var isTaken = false
        var failure: (any Error)?
        /// Nobody wants it any more.
        var isAbandoned = false
        var file: IncomingFile?

        init(_ name: ObjectName, _ storage: FileStorage, temporaryName: String) {
            (self.name, self.storage, self.temporaryName) = (name, storage, temporaryName)
        }

        /// Takes a piece, on a worker.
        func process(_ piece: Piece, _ decoder: WholeFileDecoder) throws {
            try piece.bytes.withUnsafeBytes { bytes in
                if file == nil, piece.isLast, let (header, content) = decoder.decode(bytes, name) {
                    return try storage.keep(name, header, bytes, content: content)
                }
                let file = try self.file ?? IncomingFile(name, storage, temporaryName: temporaryName)
                self.file = file
                try file.write(bytes)
                if piece.isLast { try file.finish() }
            }
            if piece.isLast { file = nil }
        }
    }

    private struct State {
        /// Strands with pieces that no worker has, the oldest first.
        var line: [Strand] = []
        /// How many of them have left the line's front.
        var departed = 0
        /// How many bytes wait or are being worked at, and some for each piece.
        var bytes = 0
        var verdicts: [ObjectVerdict] = []
        /// Who brings files waits until no more than so many bytes are left, if at all.
        var awaitedBytes: Int?
        var isOver = false

        /// Takes some of the line, small files together.
        mutating func take() -> [(strand: Strand, pieces: [Piece])] {
            var taken: [(strand: Strand, pieces: [Piece])] = []
            var bytes = 0
            while departed < line.count, taken.count < 16, bytes < 64 * 1024 {
                let strand = line[departed]
                departed += 1
                taken.append((strand, strand.pieces))
                bytes += strand.pieces.reduce(0) { $0 + $1.weight }
                strand.pieces = []
            }
            if departed == line.count {
                line.removeAll(keepingCapacity: true)
                departed = 0
            }
            return taken
        }

        /// Whether what somebody waits for has come.
        var isAwaited: Bool { awaitedBytes.map { bytes <= $0 } ?? false }
    }

    private let shared = Monitor(State())
    private var workers: [Thread] = []
    /// Without threads everything is done at once, on the thread that brings it.
    private let inline: WholeFileDecoder?
    /// Small files that are to be handed over together, since waking a thread costs as much as a small file.
    private var gathered: [(strand: Strand, piece: Piece)] = []
    private var gatheredBytes = 0

    /// Who brings more than so many bytes has to wait until half of it is gone.
    private static let byteLimit = 8 * 1024 * 1024
    private static let gatheringLimit = (files: 32, bytes: 64 * 1024)

    init(count: Int) throws {
        inline = count == 0 ? WholeFileDecoder() : nil
        let shared = self.shared
        for _ in 0..<count { workers.append(try Thread { ObjectWorkers.work(shared) }) }
    }

    deinit {
        stop(keepingWaiting: false)
    }

    /// Ends the threads. Nothing may be brought any more.
    ///
    /// - Parameter keepingWaiting: whether what was brought is kept before.
    func stop(keepingWaiting: Bool) {
        if keepingWaiting { handOver() }
        shared.change { state in
            state.isOver = true
            if !keepingWaiting { (state.line, state.departed) = ([], 0) }
        }
        for worker in workers { worker.join() }
    }

    private static func work(_ shared: Monitor<State>) {
        let decoder = WholeFileDecoder()
        while true {
            let work = shared.wait(telling: false) { state -> [(strand: Strand, pieces: [Piece])]? in
                let taken = state.take()
                return taken.isEmpty && !state.isOver ? nil : taken
            }
            if work.isEmpty { return }
            let failures = work.map { process($0.pieces, of: $0.strand, decoder) }
            let isAwaited = shared.withLock { state in
                for ((strand, pieces), failure) in zip(work, failures) {
                    settle(pieces, of: strand, failure, &state)
                }
                return state.isAwaited
            }
            if isAwaited { shared.change { _ in } }
        }
    }

    /// - Returns: the failure; nil if all was well, or it has failed before.
    private static func process(_ pieces: [Piece], of strand: Strand, _ decoder: WholeFileDecoder) -> (
        any Error
    )? {
        do {
            for piece in pieces { try strand.process(piece, decoder) }
            return nil
        } catch {
            strand.file = nil
            return error
        }
    }

    private static func settle(
        _ pieces: [Piece], of strand: Strand, _ failure: (any Error)?, _ state: inout State
    ) {
        state.bytes -= pieces.reduce(0) { $0 + $1.weight }
        strand.failure = strand.failure ?? failure
        if pieces.last?.isLast == true {
            if !strand.isAbandoned {
                state.verdicts.append(ObjectVerdict(name: strand.name, failure: strand.failure))
            }
        }
        strand.isTaken = false
        if !strand.pieces.isEmpty { enqueue(strand, &state) }
    }

    private static func enqueue(_ strand: Strand, _ state: inout State) {
        guard !strand.isTaken else { return }
        strand.isTaken = true
        state.line.append(strand)
    }

    /// Hands a piece over, now or with those that follow.
    ///
    /// - Throws: why the file is known to be wrong.
    fileprivate func bring(_ piece: Piece, of strand: Strand, isOnly: Bool) throws {
        if let inline {
            shared.withLock { $0.bytes += piece.weight }
            let failure = strand.failure == nil ? ObjectWorkers.process([piece], of: strand, inline) : nil
            shared.withLock { ObjectWorkers.settle([piece], of: strand, failure, &$0) }
        } else {
            gathered.append((strand, piece))
            gatheredBytes += piece.weight
            let limit = ObjectWorkers.gatheringLimit
            if !isOnly || gathered.count >= limit.files || gatheredBytes >= limit.bytes { handOver() }
        }
        if !piece.isLast, let failure = shared.withLock({ _ in strand.failure }) { throw failure }
    }

    private func handOver() {
        guard !gathered.isEmpty else { return }
        let isFull = shared.change { state in
            for (strand, piece) in gathered {
                state.bytes += piece.weight
                strand.pieces.append(piece)
                ObjectWorkers.enqueue(strand, &state)
            }
            return state.bytes > ObjectWorkers.byteLimit
        }
        gathered.removeAll(keepingCapacity: true)
        gatheredBytes = 0
        if isFull { wait(untilNoMoreThan: ObjectWorkers.byteLimit / 2) }
    }

    private func wait(untilNoMoreThan limit: Int) {
        shared.wait(telling: false) { state -> Void? in
            state.awaitedBytes = limit
            guard state.isAwaited else { return nil }
            state.awaitedBytes = nil
            return ()
        }
    }

    fileprivate func abandon(_ strand: Strand) {
        shared.withLock { _ in strand.isAbandoned = true }
    }

    /// What became of files since this was last asked.
    ///
    /// - Parameter waiting: whether to wait for all whose last byte was brought.
    func takeVerdicts(waiting: Bool) -> [ObjectVerdict] {
        if waiting {
            handOver()
            wait(untilNoMoreThan: 0)
        }
        return shared.withLock { state in
            guard !state.verdicts.isEmpty else { return [] }
            defer { state.verdicts.removeAll(keepingCapacity: true) }
            return state.verdicts
        }
    }
}

/// A file on its way in, which workers verify and write.
final class BackgroundFile: IncomingObject {
    private let workers: ObjectWorkers
    private let strand: ObjectWorkers.Strand
    private var bytes: [UInt8] = []
    private var isFirst = true
    private var isFinished = false

    /// So much is handed over at a time.
    private static let pieceSize = 256 * 1024

    init(
        _ name: ObjectName, _ storage: FileStorage, size: UInt64?, temporaryName: String,
        _ workers: ObjectWorkers
    ) {
        self.workers = workers
        strand = ObjectWorkers.Strand(name, storage, temporaryName: temporaryName)
        bytes.reserveCapacity(Int(min(size ?? 4096, UInt64(BackgroundFile.pieceSize))))
    }

    deinit {
        if !isFinished { workers.abandon(strand) }
    }

    func write(_ more: UnsafeRawBufferPointer) throws {
        var rest = more
        while bytes.count + rest.count > BackgroundFile.pieceSize {
            let part = BackgroundFile.pieceSize - bytes.count
            bytes.append(contentsOf: rest[..<part])
            rest = UnsafeRawBufferPointer(rebasing: rest[part...])
            try handOver(isLast: false)
        }
        bytes.append(contentsOf: rest)
    }

    func finish() throws {
        isFinished = true
        try handOver(isLast: true)
    }

    private func handOver(isLast: Bool) throws {
        let piece = ObjectWorkers.Piece(bytes: bytes, isLast: isLast)
        bytes = []
        if !isLast { bytes.reserveCapacity(BackgroundFile.pieceSize) }
        defer { isFirst = false }
        try workers.bring(piece, of: strand, isOnly: isFirst && isLast)
    }
}
