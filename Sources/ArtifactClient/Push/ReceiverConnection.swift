// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// A running receiver and the pipes to it.
final class ReceiverConnection {
    private let command: ReceiverCommand
    private let process: ChildProcess
    private let messages: MessageRelay
    private let buffer = StreamBuffer()
    /// The longest time in which the receiver may neither send nor accept anything.
    private let timeout: Duration
    private let cancellation: Cancellation?
    /// The bytes to send, since few large writes are much cheaper than many small ones.
    private var pending: [UInt8] = []
    /// Holds a piece of the object that is being sent.
    private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 64)
    private(set) var session: PushStateMachine

    /// The number of pending bytes from which on they are sent.
    private static let pendingLimit = 256 * 1024

    /// Starts the receiver.
    ///
    /// - Throws: `ClientError` where it cannot be started.
    init(_ command: ReceiverCommand, _ options: Pusher.Options) throws {
        self.command = command
        timeout = options.timeout
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
    }

    deinit {
        piece.deallocate()
    }

    /// Queues the bytes that `body` gets from the state machine.
    func say(_ body: (inout PushStateMachine) throws -> [UInt8]) throws {
        let bytes = try body(&session)
        try bytes.withUnsafeBytes { try write($0) }
    }

    /// Queues the content of an object.
    func write(_ object: EncodedObject) throws {
        try object.forEachPiece(buffer: piece) { try write($0) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        if pending.count + bytes.count > ReceiverConnection.pendingLimit { try flush() }
        if bytes.count >= ReceiverConnection.pendingLimit { return try send(bytes) }
        pending.append(contentsOf: bytes)
    }

    func flush() throws {
        defer { pending.removeAll(keepingCapacity: true) }
        try pending.withUnsafeBytes { try send($0) }
    }

    private func send(_ bytes: UnsafeRawBufferPointer) throws {
        guard let input = process.input else { throw failure() }
        if cancellation?.isRequested == true { throw interruption() }
        do {
            try input.writeAll(bytes, timeout: timeout, cancellation: cancellation)
        } catch {
            switch error.code {
            case ETIMEDOUT: throw silence()
            case ECANCELED: throw interruption()
            default: throw lastWords()
            }
        }
    }

    private func interruption() -> ClientError {
        ClientError(
            .cancelled,
            "the push to \(command.remote) was interrupted, and moves no further ref there: what has arrived is kept, so that "
                + "the same push goes on from there")
    }

    /// Waits for output of the receiver.
    ///
    /// - Returns: false if there is none in time.
    private func waitForOutput(_ timeout: Duration) throws -> Bool {
        do {
            return try process.output.waitForInput(timeout: timeout, cancellation: cancellation)
        } catch {
            throw error.code == ECANCELED ? interruption() : error
        }
    }

    /// The error for a receiver that neither sends nor accepts anything.
    private func silence() -> ClientError {
        ClientError(
            .dropped,
            "the receiver of \(command.remote) does nothing for \(timeout.components.seconds) seconds, so the push is given "
                + "up: look at the server, then push again, with a longer --timeout if it is only slow")
    }

    /// Waits for the next answer.
    ///
    /// - Throws: `ClientError` where the receiver refuses or exits.
    func answer() throws -> PushStateMachine.Answer {
        try flush()
        while true {
            if let answer = try acceptedAnswer() { return answer }
            guard try fill() else { throw failure() }
        }
    }

    /// Returns the next answer if it has arrived.
    func waitingAnswer() throws -> PushStateMachine.Answer? {
        while true {
            if let answer = try acceptedAnswer() { return answer }
            guard try waitForOutput(.zero), try fill() else { return nil }
        }
    }

    /// Takes the next answer out of the buffer. Leaves if it is a refusal.
    private func acceptedAnswer() throws -> PushStateMachine.Answer? {
        let answer = try nextAnswer()
        guard case .status(let status) = answer, !status.accepted else { return answer }
        // The receiver waits for this before it exits.
        try? say { try $0.leave() }
        try? flush()
        throw refusal(status)
    }

    private func nextAnswer() throws -> PushStateMachine.Answer? {
        do { return try session.next(from: buffer) } catch  where error.code == .foreignText {
            throw foreignText()
        }
    }

    /// The error for output that is no message, with a quotation of it.
    private func foreignText() -> ClientError {
        while buffer.readable.count < 200, (try? waitForOutput(.milliseconds(200))) == true,
            (try? buffer.fill({ try process.output.read(into: $0) })) ?? 0 > 0
        {}
        let text = FrameHeader.foreignText(in: buffer.readable)
        return ClientError(
            .noReceiver,
            "cannot work with the receiver of \(command.remote): before it speaks, there comes \(text): a start-up "
                + "file of the login shell there, such as ~/.bashrc, prints it, or --receiver starts something else: let it "
                + "print only where the shell is interactive")
    }

    /// Waits for the first answer.
    ///
    /// - Throws: `ClientError` also for a receiver of version 0 that is silent. It may speak version 1, in which the
    ///   client speaks first, so that both would wait for ever.
    func introduction() throws -> Info {
        try flush()
        if session.version == .zero {
            guard try waitForOutput(ReceiverConnection.greetingTimeout) else {
                throw ClientError(
                    .refused,
                    "the receiver of \(command.remote) says nothing for \(ReceiverConnection.greetingTimeout.components.seconds) seconds, so it "
                        + "speaks version 1 of the protocol, if any: leave out --protocol 0")
            }
        }
        guard case .info(let info) = try answer() else {
            throw ClientError(.refused, "\(command.remote) does not introduce itself as a receiver must")
        }
        return info
    }

    /// The longest time until the first message of a receiver of version 0, login included.
    private static let greetingTimeout: Duration = .seconds(60)

    /// The longest time by which this process may receive a signal later than ssh.
    private static let signalTimeout: Duration = .milliseconds(50)

    private func fill() throws -> Bool {
        guard try waitForOutput(timeout) else { throw silence() }
        return try buffer.fill { space throws(SystemError) in try process.output.read(into: space) } > 0
    }

    private func refusal(_ status: Status) -> ClientError {
        let reason = status.message.forDisplay(limit: 2000)
        return ClientError(
            .refused, "\(command.remote) refuses the push: \(reason.isEmpty ? "it gives no reason" : reason)")
    }

    /// The error for a failed write: the receiver may have sent the reason before it exited.
    private func lastWords() -> any Error {
        do { try readToEnd() } catch let error as ClientError where error.code == .refused {
            return error
        } catch {
            // The exit status says more.
        }
        return failure()
    }

    /// Reads until the receiver exits.
    ///
    /// - Throws: `ClientError` if it refuses.
    private func readToEnd() throws {
        repeat {
            // In version 0 objects may still be waiting for their acknowledgement.
            while let answer = try nextAnswer() {
                if case .status(let status) = answer, !status.accepted { throw refusal(status) }
            }
        } while try fill()
    }

    func leave() throws {
        try say { try $0.leave() }
        try close()
    }

    /// Waits until the receiver exits after the last message.
    ///
    /// - Throws: `ClientError` unless it exits with status 0.
    func close() throws {
        try flush()
        process.closeInput()
        try readToEnd()
        guard wait() == .status(0) else { throw failure() }
        // Its last messages must be shown before this process may exit.
        messages.finish()
        try session.inputEnded(in: buffer)
    }

    private func wait() -> ChildProcess.Exit {
        process.wait(atMost: timeout, cancellation: cancellation)
    }

    private func failure() -> ClientError {
        // A terminal sends the signal to ssh too.
        if let cancellation, cancellation.isRequested(within: ReceiverConnection.signalTimeout) {
            return interruption()
        }
        return ReceiverFailure(command, exit: wait(), messages: messages.finish()).error
    }
}
