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

    private struct State {
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

    /// Starts the workers.
    ///
    /// - Parameters:
    ///   - level: as zlib counts: 0 stores, 1 is fast, 9 small.
    ///   - workerCount: how many objects are encoded at the same time; one for each core, if nil.
    public init(_ repository: Repository, level: Int, workerCount: Int? = nil) throws {
        let count = workerCount ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let shared = self.shared
        for _ in 0..<count {
            workers.append(
                try Thread {
                    let encoder = ObjectEncoder(repository, level: level)
                    while let (number, name) = ParallelEncoder.nextJob(shared) {
                        let result = Result { try encoder.encode(name) }
                        shared.change { state in
                            state.jobs[number - state.departed].result = result
                            if let encoded = try? result.get() { state.bytes += encoded.occupied }
                        }
                    }
                })
        }
    }

    deinit {
        shared.change { $0.isOver = true }
        for worker in workers { worker.join() }
    }

    private static func nextJob(_ shared: Monitor<State>) -> (number: Int, name: ObjectName)? {
        shared.wait { state -> (number: Int, name: ObjectName)?? in
            if state.isOver { return .some(nil) }
            guard state.started < state.jobs.count, state.started == 0 || state.bytes < byteLimit else {
                return nil
            }
            let job = (number: state.departed + state.started, name: state.jobs[state.started].name)
            state.started += 1
            return job
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
