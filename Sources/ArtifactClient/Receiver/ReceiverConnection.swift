// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// A running receiver and the pipes to it.
final class ReceiverConnection<Session: ClientStateMachine> {
    private let command: ReceiverCommand
    private let process: ChildProcess
    private let messages: MessageRelay
    private let buffer = StreamBuffer()
    /// The longest time in which the receiver may neither send nor accept anything.
    private let timeout: Duration
    private let cancellation: Cancellation?
    private var output: BufferedOutput?
    /// Holds a piece of the object that is being sent.
    private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 64)
    private(set) var session: Session

    /// Starts the receiver.
    ///
    /// - Throws: `ClientError` where it cannot be started.
    init(_ command: ReceiverCommand, _ options: ConnectionOptions, session: Session) throws {
        self.command = command
        timeout = options.timeout
        cancellation = options.cancellation
        self.session = session
        do {
            process = try ChildProcess(command.arguments)
        } catch {
            throw ClientError(
                .noReceiver,
                "\(error), which is needed to \(Session.self is PushStateMachine.Type ? "push to" : "pull from") "
                    + "\(command.remote): install it or name another")
        }
        try process.input?.setNonBlocking()
        output = process.input.map {
            BufferedOutput($0, timeout: options.timeout, cancellation: options.cancellation)
        }
        messages = try MessageRelay(process.errorOutput, show: options.showMessage)
    }

    deinit {
        piece.deallocate()
    }

    /// Queues the bytes that `body` gets from the state machine.
    func say(_ body: (inout Session) throws -> [UInt8]) throws {
        let bytes = try body(&session)
        try writing { output throws(SystemError) in try output.write(bytes) }
    }

    /// Queues the content of an object, from a byte of it on.
    func write(_ object: EncodedObject, from offset: UInt64 = 0) throws {
        try object.forEachPiece(buffer: piece, from: offset) { bytes in
            try writing { output throws(SystemError) in try output.write(bytes) }
        }
    }

    func flush() throws {
        try writing { output throws(SystemError) in try output.flush() }
    }

    private func writing(_ body: (BufferedOutput) throws(SystemError) -> Void) throws {
        guard let output else { throw failure() }
        do {
            try body(output)
        } catch {
            switch error.code {
            case ETIMEDOUT: throw silence()
            case ECANCELED: throw interruption()
            default: throw lastWords()
            }
        }
    }

    private var isPush: Bool { Session.self is PushStateMachine.Type }
    private var activity: String { isPush ? "push" : "pull" }

    private func interruption() -> ClientError {
        ClientError(
            .cancelled,
            isPush
                ? "the push to \(command.remote) was interrupted, and moves no further ref there: what has arrived is kept, so "
                    + "that the same push goes on from there"
                : "the pull from \(command.remote) was interrupted, and moves no further ref here: what has arrived is kept, so "
                    + "that the same pull goes on from there")
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
            "the receiver of \(command.remote) does nothing for \(timeout.components.seconds) seconds, so the \(activity) is "
                + "given up: look at the server, then \(activity) again, with a longer --timeout if it is only slow"
        )
    }

    /// Waits for the next answer.
    ///
    /// - Throws: `ClientError` where the receiver refuses or exits.
    func answer() throws -> Session.Answer {
        try flush()
        while true {
            if let answer = try acceptedAnswer() { return answer }
            guard try fill() else { throw failure() }
        }
    }

    /// Returns the next answer if it was read already.
    func bufferedAnswer() throws -> Session.Answer? { try acceptedAnswer() }

    /// Returns the next answer if it has arrived.
    func waitingAnswer() throws -> Session.Answer? {
        while true {
            if let answer = try acceptedAnswer() { return answer }
            guard try waitForOutput(.zero), try fill() else { return nil }
        }
    }

    /// Takes the next answer out of the buffer. Leaves if it is a refusal.
    private func acceptedAnswer() throws -> Session.Answer? {
        let answer = try nextAnswer()
        guard let status = answer.flatMap(Session.status), !status.accepted else { return answer }
        // The receiver waits for this before it exits.
        try? say { try $0.leave() }
        try? flush()
        throw refusal(status)
    }

    private func nextAnswer() throws -> Session.Answer? {
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
        if let push = session as? PushStateMachine, push.version == .zero {
            guard try waitForOutput(greetingTimeout) else {
                throw ClientError(
                    .refused,
                    "the receiver of \(command.remote) says nothing for \(greetingTimeout.components.seconds) seconds, so it "
                        + "speaks version 1 of the protocol, if any: leave out --protocol 0")
            }
        }
        guard let info = Session.info(try answer()) else {
            throw ClientError(.refused, "\(command.remote) does not introduce itself as a receiver must")
        }
        return info
    }

    private func fill() throws -> Bool {
        guard try waitForOutput(timeout) else { throw silence() }
        return try buffer.fill { space throws(SystemError) in try process.output.read(into: space) } > 0
    }

    private func refusal(_ status: Status) -> ClientError {
        let reason = status.message.forDisplay(limit: 2000)
        var error = ClientError(
            .refused,
            "\(command.remote) refuses the \(activity): \(reason.isEmpty ? "it gives no reason" : reason)")
        error.isFinal = status.isFinal
        return error
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
                if let status = Session.status(answer), !status.accepted { throw refusal(status) }
            }
        } while try fill()
    }

    func leave() throws {
        try startLeaving()
        try close()
    }

    /// Sends the last message. `close()` has to follow, and other work may be done before that, instead of waiting.
    func startLeaving() throws {
        try say { try $0.leave() }
        try closeInput()
    }

    /// Sends what is queued, and ends the receiver's input.
    private func closeInput() throws {
        guard output != nil else { return }
        try flush()
        // Both hold the pipe. A program before the receiver may wait for its end.
        output = nil
        process.closeInput()
    }

    /// Waits until the receiver exits after the last message.
    ///
    /// - Throws: `ClientError` unless it exits with status 0.
    func close() throws {
        try closeInput()
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
        if let cancellation, cancellation.isRequested(within: signalTimeout) {
            return interruption()
        }
        return ReceiverFailure(command, exit: wait(), messages: messages.finish()).error
    }
}

/// The longest time until the first message of a receiver of version 0, login included.
private let greetingTimeout: Duration = .seconds(60)

/// The longest time by which this process may receive a signal later than ssh.
private let signalTimeout: Duration = .milliseconds(50)
