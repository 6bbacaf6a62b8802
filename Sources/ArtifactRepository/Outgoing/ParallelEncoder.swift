// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Brings objects into the form in which they travel, on all cores, ahead of the thread that sends them, and gives them
/// back in the order in which they were asked for.
///
/// What is ready waits in memory or in a temporary file, so its amount is bounded.
public final class ParallelEncoder {
    private struct Job {
        let name: ObjectName
        var result: Result<EncodedObject, any Error>?
    }

    /// A part of a large object, which any worker may compress.
    private final class Part: @unchecked Sendable {
        // Touched with the monitor's lock held, hence @unchecked Sendable.
        let content: ContentPart
        var result: Result<[UInt8], any Error>?
        init(_ content: ContentPart) { self.content = content }
    }

    private enum Work {
        case object(number: Int, ObjectName)
        case part(Part)
    }

    private struct State {
        /// Parts that nobody has begun with.
        var parts: [Part] = []
        /// The oldest job first.
        var jobs: [Job] = []
        /// How many of them were given to a worker.
        var started = 0
        /// How many jobs have left the list, so that a worker finds its own again.
        var departed = 0
        /// How many bytes of memory and of temporary files wait to be taken.
        var bytes: UInt64 = 0
        var isOver = false
    }

    private let shared = Monitor(State())
    private var workers: [Thread] = []

    /// So many objects are under way at most; small ones need company to keep all cores busy.
    private static let jobLimit = 64
    /// No further object is begun while so many bytes wait, except the one that is to be sent next.
    private static let byteLimit: UInt64 = 8 * 1024 * 1024

    /// So many parts of an object are under way at most, for each worker.
    private static let partsPerWorker = 3

    /// Starts the workers.
    ///
    /// - Parameters:
    ///   - repository: where the objects are.
    ///   - compression: how hard to compress them.
    ///   - workerCount: how many objects, or parts of large ones, are compressed at the same time; one for each core, if
    ///     nil.
    public init(_ repository: Repository, compression: Compression, workerCount: Int? = nil) throws {
        let count = workerCount ?? Thread.coreCount
        let shared = self.shared
        for _ in 0..<count {
            workers.append(
                try Thread {
                    let encoder = ObjectEncoder(repository, compression: compression)
                    while let work = ParallelEncoder.nextWork(shared) {
                        switch work {
                        case .part(let part): ParallelEncoder.compress(part, encoder, shared)
                        case .object(let number, let name):
                            let result = Result {
                                try encoder.encode(name) { parts, use in
                                    try ParallelEncoder.compress(
                                        parts, encoder, shared,
                                        window: count * ParallelEncoder.partsPerWorker, use)
                                }
                            }
                            shared.change { state in
                                state.jobs[number - state.departed].result = result
                                if let encoded = try? result.get() { state.bytes += encoded.occupied }
                            }
                        }
                    }
                })
        }
    }

    deinit {
        shared.change { $0.isOver = true }
        for worker in workers { worker.join() }
    }

    private static func nextWork(_ shared: Monitor<State>) -> Work? {
        shared.wait { state -> Work?? in
            if state.isOver { return .some(nil) }
            // Parts belong to objects that were asked for earlier.
            if !state.parts.isEmpty { return .part(state.parts.removeFirst()) }
            guard state.started < state.jobs.count, state.started == 0 || state.bytes < byteLimit else {
                return nil
            }
            let work = Work.object(
                number: state.departed + state.started, state.jobs[state.started].name)
            state.started += 1
            return work
        }
    }

    private static func compress(_ part: Part, _ encoder: ObjectEncoder, _ shared: Monitor<State>) {
        let result = Result { try encoder.compress(part.content) }
        shared.change { _ in part.result = result }
    }

    /// Compresses parts together with the other workers, and has them used in order.
    private static func compress(
        _ contents: [ContentPart], _ encoder: ObjectEncoder, _ shared: Monitor<State>, window: Int,
        _ use: ([UInt8]) throws -> Void
    ) throws {
        var underWay: [Part] = []
        var next = 0
        defer {
            // After a failure nobody needs the rest.
            shared.change { state in state.parts.removeAll { part in underWay.contains { $0 === part } } }
        }
        while next < contents.count || !underWay.isEmpty {
            while next < contents.count, underWay.count < window {
                let part = Part(contents[next])
                underWay.append(part)
                shared.change { $0.parts.append(part) }
                next += 1
            }
            // Helps, also with another object's parts, until the first one is ready.
            let first = underWay[0]
            let other = shared.wait { state -> Part?? in
                if first.result != nil { return .some(nil) }
                return state.parts.isEmpty ? nil : .some(state.parts.removeFirst())
            }
            if let other {
                compress(other, encoder, shared)
            } else if let result = shared.withLock({ _ in first.result }) {
                underWay.removeFirst()
                try use(result.get())
            }
        }
    }

    /// Whether an object must be taken with `next` before another is asked for.
    public var isFull: Bool {
        shared.withLock { $0.jobs.count >= ParallelEncoder.jobLimit }
    }

    /// Whether nothing was asked for that was not taken.
    public var isEmpty: Bool { shared.withLock { $0.jobs.isEmpty } }

    /// Asks for an object.
    public func submit(_ name: ObjectName) {
        shared.change { $0.jobs.append(Job(name: name)) }
    }

    /// Takes the object that was asked for first, waiting until it is ready; nil where none was.
    ///
    /// - Throws: what `ObjectEncoder.encode` throws.
    public func next() throws -> EncodedObject? {
        let result = shared.wait { state -> Result<EncodedObject, any Error>?? in
            guard let first = state.jobs.first else { return .some(nil) }
            guard let result = first.result else { return nil }
            state.jobs.removeFirst()
            state.started -= 1
            state.departed += 1
            if let encoded = try? result.get() { state.bytes -= encoded.occupied }
            return result
        }
        return try result?.get()
    }
}
