// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Threads that verify and store files while another thread receives them.
///
/// The waiting bytes are bounded: a submitter of more blocks. Pieces of one file are processed one after the other, by
/// whichever thread is free; a file in few pieces never waits for one in many.
final class ObjectWorkers {
    private struct State {
        /// Jobs with pieces that no worker has taken, the oldest first, behind some that were taken.
        var queue: [FileJob] = []
        /// The number of jobs at the front that were taken.
        var finished = 0
        /// The weight of all pieces that wait or are being processed.
        var bytes = 0
        var verdicts: [ObjectVerdict] = []
        /// The weight for which the submitter waits; nil if it does not.
        var awaitedBytes: Int?
        var isOver = false

        /// Takes jobs from the queue, several small ones at once.
        mutating func take() -> [(job: FileJob, pieces: [FileJob.Piece])] {
            var taken: [(job: FileJob, pieces: [FileJob.Piece])] = []
            var bytes = 0
            while finished < queue.count, taken.count < 16, bytes < 64 * 1024 {
                let job = queue[finished]
                finished += 1
                taken.append((job, job.pieces))
                bytes += job.pieces.reduce(0) { $0 + $1.weight }
                job.pieces = []
            }
            // Not only when the queue is empty: it never is where submitters are faster, and would keep every job.
            if finished * 2 >= queue.count {
                queue.removeFirst(finished)
                finished = 0
            }
            return taken
        }

        /// True if the submitter waits for no less than this.
        var isAwaited: Bool { awaitedBytes.map { bytes <= $0 } ?? false }
    }

    private let shared = Monitor(State())
    private var workers: [Thread] = []
    /// The decoder for doing everything on the submitting thread, if there are no workers.
    private let inline: WholeFileDecoder?
    /// Small files that are queued together, since waking a thread costs as much as a small file.
    private var gathered: [(job: FileJob, piece: FileJob.Piece)] = []
    private var gatheredBytes = 0

    /// Backpressure limit: submitters block above it until the queue is half empty.
    private let byteLimit: Int
    private static let gatheringLimit = (files: 32, bytes: 64 * 1024)

    init(count: Int, byteLimit: Int = 4 * 1024 * 1024) throws {
        self.byteLimit = byteLimit
        inline = count == 0 ? WholeFileDecoder() : nil
        let shared = self.shared
        for _ in 0..<count { workers.append(try Thread { ObjectWorkers.work(shared) }) }
    }

    deinit {
        stop(keepingWaiting: false)
    }

    /// Ends the threads. Nothing may be submitted any more.
    ///
    /// - Parameter keepingWaiting: true to process the queue first.
    func stop(keepingWaiting: Bool) {
        if keepingWaiting { handOver() }
        shared.change { state in
            state.isOver = true
            if !keepingWaiting { (state.queue, state.finished) = ([], 0) }
        }
        for worker in workers { worker.join() }
    }

    private static func work(_ shared: Monitor<State>) {
        let decoder = WholeFileDecoder()
        while true {
            let work = shared.wait(telling: false) { state -> [(job: FileJob, pieces: [FileJob.Piece])]? in
                let taken = state.take()
                return taken.isEmpty && !state.isOver ? nil : taken
            }
            if work.isEmpty { return }
            let failures = work.map { $0.job.process($0.pieces, decoder) }
            let isAwaited = shared.withLock { state in
                for ((job, pieces), failure) in zip(work, failures) {
                    settle(pieces, of: job, failure, &state)
                }
                return state.isAwaited
            }
            if isAwaited { shared.change { _ in } }
        }
    }

    private static func settle(
        _ pieces: [FileJob.Piece], of job: FileJob, _ failure: (any Error)?, _ state: inout State
    ) {
        state.bytes -= pieces.reduce(0) { $0 + $1.weight }
        job.failure = job.failure ?? failure
        if pieces.last?.isLast == true {
            if !job.isAbandoned {
                state.verdicts.append(ObjectVerdict(name: job.name, failure: job.failure))
            }
        }
        job.isQueued = false
        if !job.pieces.isEmpty { enqueue(job, &state) }
    }

    private static func enqueue(_ job: FileJob, _ state: inout State) {
        guard !job.isQueued else { return }
        job.isQueued = true
        state.queue.append(job)
    }

    /// Queues a piece, now or with those that follow.
    ///
    /// - Throws: the reason, if the file is known to be wrong.
    func submit(_ piece: FileJob.Piece, of job: FileJob, isOnly: Bool) throws {
        if let inline {
            shared.withLock { $0.bytes += piece.weight }
            let failure = job.failure == nil ? job.process([piece], inline) : nil
            shared.withLock { ObjectWorkers.settle([piece], of: job, failure, &$0) }
        } else {
            gathered.append((job, piece))
            gatheredBytes += piece.weight
            let limit = ObjectWorkers.gatheringLimit
            if !isOnly || gathered.count >= limit.files || gatheredBytes >= limit.bytes { handOver() }
        }
        if !piece.isLast, let failure = shared.withLock({ _ in job.failure }) { throw failure }
    }

    private func handOver() {
        guard !gathered.isEmpty else { return }
        let isFull = shared.change { state in
            for (job, piece) in gathered {
                state.bytes += piece.weight
                job.pieces.append(piece)
                ObjectWorkers.enqueue(job, &state)
            }
            return state.bytes > byteLimit
        }
        gathered.removeAll(keepingCapacity: true)
        gatheredBytes = 0
        if isFull { wait(untilNoMoreThan: byteLimit / 2) }
    }

    private func wait(untilNoMoreThan limit: Int) {
        shared.wait(telling: false) { state -> Void? in
            state.awaitedBytes = limit
            guard state.isAwaited else { return nil }
            state.awaitedBytes = nil
            return ()
        }
    }

    func abandon(_ job: FileJob) {
        shared.withLock { _ in job.isAbandoned = true }
    }

    /// Takes the verdicts since the last call.
    ///
    /// - Parameter waiting: true to wait for all files whose last byte was submitted.
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
