// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// A client that pulls: it requests objects of the refs that it was told about.
final class PullingClient: RequestingPeer {
    private var machine: ReceiveStateMachine
    private let input: Descriptor
    private let buffer: StreamBuffer
    private let output: BufferedOutput
    private let repository: Repository
    private let offered: OfferedObjects
    private let options: Receiver.Options
    /// Holds a piece of the object that is being sent.
    private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 64)
    /// The commits of all refs that may be read, and their ancestors; nil before they are needed.
    private var readable: OfferedObjects?
    /// Indicates that a part of an object was sent, and not the rest.
    private(set) var isInsideObject = false

    init(
        _ machine: ReceiveStateMachine, input: Descriptor, buffer: StreamBuffer, output: Descriptor,
        repository: Repository, offered: OfferedObjects, options: Receiver.Options
    ) throws {
        self.machine = machine
        (self.input, self.buffer) = (input, buffer)
        (self.repository, self.offered, self.options) = (repository, offered, options)
        try output.setNonBlocking()
        self.output = BufferedOutput(output, timeout: options.timeout, cancellation: options.cancellation)
    }

    deinit {
        piece.deallocate()
    }

    var takesAhead: Bool { machine.capabilities.contains(.ahead) }

    func requests(waiting: Bool) throws -> [WantedObject]? {
        while true {
            switch try machine.next(from: buffer) {
            case .requested(let wanted): return wanted
            case .leave: return []
            case nil: break
            default:
                throw ProtocolError(
                    .outOfOrder, "the client sent something else than requests, so the pull is given up")
            }
            if waiting { try flush() }
            let hasInput = try input.waitForInput(
                timeout: waiting ? options.timeout : .zero, cancellation: options.cancellation)
            guard hasInput else {
                guard waiting else { return nil }
                throw inactivity("says nothing")
            }
            if try buffer.fill({ space throws(SystemError) in try input.read(into: space) }) == 0 {
                try machine.inputEnded(in: buffer)
                return []
            }
        }
    }

    func send(_ answer: ObjectAnswer) throws { try write(machine.object(answer)) }

    func sendAhead(_ answer: ObjectAnswer) throws { try write(machine.ahead(answer)) }

    func write(_ object: EncodedObject, from offset: UInt64) throws {
        isInsideObject = object.size > offset
        try object.forEachPiece(buffer: piece, from: offset) { bytes in
            try writing { output throws(SystemError) in try output.write(bytes) }
        }
        isInsideObject = false
    }

    private func write(_ bytes: [UInt8]) throws {
        try writing { output throws(SystemError) in try output.write(bytes) }
    }

    func flush() throws {
        try writing { output throws(SystemError) in try output.flush() }
    }

    private func writing(_ body: (BufferedOutput) throws(SystemError) -> Void) throws {
        do {
            try body(output)
        } catch {
            guard error.code == ETIMEDOUT else { throw error }
            throw inactivity("does not read its answers")
        }
    }

    private func inactivity(_ verb: String) -> ProtocolError {
        let seconds = options.timeout?.components.seconds ?? 0
        return ProtocolError(
            .truncated, "the client \(verb) for \(seconds) seconds, so the pull is given up: pull again")
    }

    /// Commits may be asked for by themselves: those in the history of a ref that the client may read.
    func answer(toUnoffered name: ObjectName) throws -> ObjectAnswer.Content? {
        let commit = ObjectName(name.checksum, .commit)
        guard name.type == .commit || name.type == .commitmeta else {
            throw ProtocolError(
                .outOfOrder,
                "the client asks for object \(name), which is no part of the refs that it was told, so it gets nothing"
            )
        }
        guard try repository.contains(commit), try mayRead(commit) else { return .absent }
        offered.add(commit.checksum)
        return nil
    }

    private func mayRead(_ commit: ObjectName) throws -> Bool {
        guard let filter = options.readable else { return true }
        if readable == nil {
            let commits = OfferedObjects(repository)
            for entry in try repository.refs() where filter.allows(entry.ref) { commits.add(entry.commit) }
            readable = commits
        }
        return try readable?.contains(commit) == true
    }
}
