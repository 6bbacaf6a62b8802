// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// A running receiver and the pipes to it.
final class ReceiverConnection {
    private let command: ReceiverCommand
    private let process: ChildProcess
    private let messages: MessageRelay
    private let buffer = StreamBuffer()
    /// How long the receiver may neither say nor take anything, in seconds.
    private let patience: Int32
    private let cancellation: Cancellation?
    private let pending: UnsafeMutableRawBufferPointer
    private var pendingCount = 0
    private(set) var session: PushStateMachine

    /// Starts the receiver.
    ///
    /// - Throws: `ClientError` where it cannot be started.
    init(_ command: ReceiverCommand, _ options: Pusher.Options) throws {
        self.command = command
        patience = options.patience
        cancellation = options.cancellation
        session = PushStateMachine(version: options.receiver.version)
        do {
            process = try ChildProcess(command.arguments)
        } catch {
            throw ClientError(
                .noReceiver,
                "\(error), which is needed to push to \(command.remote): install it or name another")
        }
        try process.input?.setNonBlocking()
        messages = try MessageRelay(process.errorOutput, show: options.showMessage)
        pending = .allocate(byteCount: 256 * 1024, alignment: 64)
    }

    deinit {
        pending.deallocate()
    }

    /// Says something; `body` lets the session make the bytes.
    func say(_ body: (inout PushStateMachine) throws -> [UInt8]) throws {
        let bytes = try body(&session)
        try bytes.withUnsafeBytes { try write($0) }
    }

    /// Queues bytes; few large writes are much cheaper than many small ones.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if bytes.count > pending.count - pendingCount { try flush() }
        if bytes.count >= pending.count { return try send(bytes) }
        UnsafeMutableRawBufferPointer(rebasing: pending[pendingCount...]).copyMemory(from: bytes)
        pendingCount += bytes.count
    }

    /// Sends what is queued.
    func flush() throws {
        let count = pendingCount
        pendingCount = 0
        try send(UnsafeRawBufferPointer(rebasing: pending[..<count]))
    }

    private func send(_ bytes: UnsafeRawBufferPointer) throws {
        guard let input = process.input else { throw failure() }
        if cancellation?.isRequested == true { throw interruption() }
        do {
            try input.writeAll(bytes, patience: patience * 1000, cancellation: cancellation)
        } catch {
            switch error.code {
            case ETIMEDOUT: throw silence(of: patience)
            case ECANCELED: throw interruption()
            default: throw lastWords()
            }
        }
    }

    /// What to report where nobody wants the push any more.
    private func interruption() -> ClientError {
        ClientError(
            .cancelled,
            "the push to \(command.remote) was interrupted, and moves no further ref there: what has arrived is kept, so that "
                + "the same push goes on from there")
    }

    /// Waits for something to read.
    ///
    /// - Returns: false where there was nothing for so long.
    private func waitForOutput(milliseconds: Int32) throws -> Bool {
        do {
            return try process.output.waitForInput(milliseconds: milliseconds, cancellation: cancellation)
        } catch {
            throw error.code == ECANCELED ? interruption() : error
        }
    }

    /// What to report about a receiver that is there and does nothing.
    private func silence(of seconds: Int32) -> ClientError {
        ClientError(
            .dropped,
            "the receiver of \(command.remote) does nothing for \(seconds) seconds, so the push is given up: look at the "
                + "server, then push again, with a longer --timeout if it is only slow")
    }

    /// Waits for the next answer.
    ///
    /// - Throws: `ClientError` where the receiver refuses or goes away.
    func answer() throws -> PushStateMachine.Answer {
        try flush()
        while true {
            if let answer = try nextAnswer() {
                guard case .status(let status) = answer, !status.accepted else { return answer }
                throw refusal(leavingAfter: status)
            }
            guard try fill() else { throw failure() }
        }
    }

    private func nextAnswer() throws -> PushStateMachine.Answer? {
        do { return try session.next(from: buffer) } catch  where error.code == .foreignText {
            throw foreignText()
        }
    }

    /// The error for something else than a receiver that speaks, with a quotation of it.
    private func foreignText() -> ClientError {
        while buffer.readable.count < 200, (try? waitForOutput(milliseconds: 200)) == true,
            (try? buffer.fill({ try process.output.read(into: $0) })) ?? 0 > 0
        {}
        let text = FrameHeader.foreignText(in: buffer.readable)
        return ClientError(
            .noReceiver,
            "cannot work with the receiver of \(command.remote): before it speaks, there comes \(text): a start-up "
                + "file of the login shell there, such as ~/.bashrc, prints it, or --receiver starts something else: let it "
                + "print only where the shell is interactive")
    }

    private func refusal(leavingAfter status: Status) -> ClientError {
        // The receiver waits for this before it goes.
        try? say { try $0.leave() }
        try? flush()
        return refusal(status)
    }

    /// The next answer, if there is one already.
    func waitingAnswer() throws -> PushStateMachine.Answer? {
        while true {
            if let answer = try nextAnswer() {
                guard case .status(let status) = answer, !status.accepted else { return answer }
                throw refusal(leavingAfter: status)
            }
            guard try waitForOutput(milliseconds: 0), try fill() else { return nil }
        }
    }

    /// Waits for the first answer.
    ///
    /// - Throws: also where a receiver of version 0, which speaks first, does not: it may speak version 1, in which the
    ///   client speaks first, so that both would wait for ever.
    func introduction() throws -> Info {
        try flush()
        if session.version == .zero {
            guard try waitForOutput(milliseconds: ReceiverConnection.patienceForGreeting * 1000) else {
                throw ClientError(
                    .refused,
                    "the receiver of \(command.remote) says nothing for \(ReceiverConnection.patienceForGreeting) seconds, so it "
                        + "speaks version 1 of the protocol, if any: leave out --protocol 0")
            }
        }
        guard case .info(let info) = try answer() else {
            throw ClientError(.refused, "\(command.remote) does not introduce itself as a receiver must")
        }
        return info
    }

    /// How long a receiver of version 0 may take for its first words, logging in included, in seconds.
    private static let patienceForGreeting: Int32 = 60

    /// How much later than ssh this process may hear of a signal that both get, in milliseconds.
    private static let patienceForSignal: Int32 = 50

    private func fill() throws -> Bool {
        guard try waitForOutput(milliseconds: patience * 1000) else {
            throw silence(of: patience)
        }
        return try buffer.fill { space throws(SystemError) in try process.output.read(into: space) } > 0
    }

    private func refusal(_ status: Status) -> ClientError {
        let reason = status.message.forDisplay(limit: 2000)
        return ClientError(
            .refused, "\(command.remote) refuses the push: \(reason.isEmpty ? "it gives no reason" : reason)")
    }

    /// What to report when writing failed: the receiver may have said why before it went away.
    private func lastWords() -> any Error {
        do {
            while true {
                if let answer = try nextAnswer() {
                    if case .status(let status) = answer, !status.accepted { return refusal(status) }
                } else if try !fill() {
                    break
                }
            }
        } catch {
            // What it said is no help; how it ended is.
        }
        return failure()
    }

    /// Waits until the receiver has gone after the last message.
    ///
    /// - Throws: `ClientError` unless its exit status says that all is well.
    func close() throws {
        try flush()
        process.closeInput()
        while true {
            // In version 0 objects may still be waiting for their acknowledgement.
            while let answer = try nextAnswer() {
                if case .status(let status) = answer, !status.accepted { throw refusal(status) }
            }
            if try !fill() { break }
        }
        guard wait() == .status(0) else { throw failure() }
        // Its last words are for whoever started this, who may end next.
        messages.finish()
        try session.inputEnded(in: buffer)
    }

    private func wait() -> ChildProcess.Exit {
        process.wait(atMost: UInt64(patience) * 1000, cancellation: cancellation)
    }

    /// Why the receiver went away, as well as can be told.
    private func failure() -> ClientError {
        // A terminal tells ssh too that somebody wants it to end.
        if let cancellation, cancellation.isRequested(within: ReceiverConnection.patienceForSignal) {
            return interruption()
        }
        return ReceiverFailure(command, exit: wait(), messages: messages.finish()).error
    }
}
