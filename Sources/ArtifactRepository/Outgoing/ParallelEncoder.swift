// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// An encoder that uses all cores to encode objects ahead of the thread that sends them, and returns them in the order
/// in which they were submitted.
///
/// Encoded objects wait in memory or in temporary files; their total size is bounded.
public final class ParallelEncoder {
    private struct Job {
        let name: ObjectName
        var result: Result<EncodedObject, any Error>?
    }

    /// A part of a large object, which any worker may compress.
    private final class Part: @unchecked Sendable {
        // Accessed only with the monitor's lock held, hence @unchecked Sendable.
        let content: ContentPart
        var result: Result<[UInt8], any Error>?
        init(_ content: ContentPart) { self.content = content }
    }

    private enum Work {
        case object(number: Int, ObjectName)
        case part(Part)
    }

    private struct State {
        /// Parts that no worker has taken yet.
        var parts: [Part] = []
        /// Jobs in the order of submission.
        var jobs: [Job] = []
        /// The number of jobs at the front of the list that a worker has taken.
        var started = 0
        /// The number of jobs already removed from the list, by which a worker finds its job again.
        var finished = 0
        /// The bytes of memory and temporary files occupied by encoded objects.
        var bytes: UInt64 = 0
        var isOver = false
    }

    private let shared = Monitor(State())
    private var workers: [Thread] = []

    /// The maximum number of submitted objects; several small ones are needed to keep all cores busy.
    private static let jobLimit = 64
    /// Backpressure limit: while encoded objects occupy more, only the one that is to be sent next is begun.
    private static let byteLimit: UInt64 = 8 * 1024 * 1024

    /// The maximum number of an object's parts in progress, per worker.
    private static let partsPerWorker = 3

    /// Starts the workers.
    ///
    /// - Parameters:
    ///   - repository: The repository that holds the objects.
    ///   - compression: The compression for objects that are not stored compressed.
    ///   - workerCount: The number of threads; one per core if nil.
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
                                state.jobs[number - state.finished].result = result
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
            // Parts come first: their objects were submitted before those that have not been begun.
            if !state.parts.isEmpty { return .part(state.parts.removeFirst()) }
            guard state.started < state.jobs.count, state.started == 0 || state.bytes < byteLimit else {
                return nil
            }
            let work = Work.object(
                number: state.finished + state.started, state.jobs[state.started].name)
            state.started += 1
            return work
        }
    }

    private static func compress(_ part: Part, _ encoder: ObjectEncoder, _ shared: Monitor<State>) {
        let result = Result { try encoder.compress(part.content) }
        shared.change { _ in part.result = result }
    }

    /// Compresses parts together with the other workers, and passes them to `use` in order.
    private static func compress(
        _ contents: [ContentPart], _ encoder: ObjectEncoder, _ shared: Monitor<State>, window: Int,
        _ use: ([UInt8]) throws -> Void
    ) throws {
        var underWay: [Part] = []
        var next = 0
        defer {
            // After a failure the remaining parts are not needed.
            shared.change { state in state.parts.removeAll { part in underWay.contains { $0 === part } } }
        }
        while next < contents.count || !underWay.isEmpty {
            while next < contents.count, underWay.count < window {
                let part = Part(contents[next])
                underWay.append(part)
                shared.change { $0.parts.append(part) }
                next += 1
            }
            // Works on any waiting part, also of other objects, until the first one of this object is ready.
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

    /// Indicates that an object must be taken with `next` before another is submitted.
    public var isFull: Bool {
        shared.withLock { $0.jobs.count >= ParallelEncoder.jobLimit }
    }

    /// Indicates that every submitted object has been taken.
    public var isEmpty: Bool { shared.withLock { $0.jobs.isEmpty } }

    /// Submits an object for encoding.
    public func submit(_ name: ObjectName) {
        shared.change { $0.jobs.append(Job(name: name)) }
    }

    /// Takes the object that was submitted first, waiting until it is encoded; nil if none was submitted.
    ///
    /// - Throws: Errors of `ObjectEncoder.encode`.
    public func next() throws -> EncodedObject? {
        let result = shared.wait { state -> Result<EncodedObject, any Error>?? in
            guard let first = state.jobs.first else { return .some(nil) }
            guard let result = first.result else { return nil }
            state.jobs.removeFirst()
            state.started -= 1
            state.finished += 1
            if let encoded = try? result.get() { state.bytes -= encoded.occupied }
            return result
        }
        return try result?.get()
    }
}
