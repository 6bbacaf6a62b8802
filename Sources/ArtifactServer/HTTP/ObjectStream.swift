// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// The objects that a client asks for in one request, as messages of the protocol, which are made while they are sent.
public final class ObjectStream: @unchecked Sendable {
    // Only the thread of its connection uses it, hence @unchecked Sendable.

    private enum Step {
        case request(ObjectName)
        case object(ObjectName, isAhead: Bool)
    }

    private let open: (ObjectName) throws(SystemError) -> Descriptor?
    private var ahead: ObjectsAhead
    private var steps: ArraySlice<Step>
    /// The rest of a message before an object's bytes.
    private var header: ArraySlice<UInt8> = []
    private var file: Descriptor?
    private var (offset, size) = (UInt64(0), UInt64(0))
    /// The number of bytes that were sent.
    private(set) var sent: UInt64 = 0

    /// The largest object in a stream. Others are answered as absent, and are requested by themselves, so that they can be
    /// continued where a connection breaks.
    private static let largestObject: UInt64 = 8 * 1024 * 1024

    init(
        _ names: [ObjectName], ahead: ObjectsAhead,
        open: @escaping (ObjectName) throws(SystemError) -> Descriptor?
    ) {
        steps = names.map { .request($0) }[...]
        (self.ahead, self.open) = (ahead, open)
    }

    /// Writes as much into a buffer as there is space for.
    ///
    /// - Returns: the number of bytes; 0 at the end.
    /// - Throws: `SystemError`, `RepositoryError` or `ProtocolError` if the rest cannot be sent.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var count = 0
        while count < buffer.count {
            let space = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            if !header.isEmpty {
                let part = header.prefix(space.count)
                space.copyBytes(from: part)
                header = header.dropFirst(part.count)
                count += part.count
            } else if let file, offset < size {
                let wanted = Int(min(UInt64(space.count), size - offset))
                let filled = try file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: space[..<wanted]), at: offset)
                guard filled > 0 else { throw SystemError("read an object", code: EIO) }
                offset += UInt64(filled)
                count += filled
            } else if let step = steps.popFirst() {
                try begin(step)
            } else {
                break
            }
        }
        sent += UInt64(count)
        return count
    }

    private func begin(_ step: Step) throws {
        file = nil
        switch step {
        case .request(let name):
            if ahead.takeSent(name) { return try answer(ObjectAnswer(name, .sentAhead), isAhead: false) }
            guard name.type == .commit || name.type == .dirtree, try open(name) != nil else {
                return try send(name, isAhead: false)
            }
            ahead.note(name)
            let below = try ahead.choose(below: name)
            steps = below.map { .object($0, isAhead: true) } + [.object(name, isAhead: false)] + steps
        case .object(let name, let isAhead): try send(name, isAhead: isAhead)
        }
    }

    private func send(_ name: ObjectName, isAhead: Bool) throws {
        ahead.note(name)
        guard let file = try open(name) else {
            return try answer(ObjectAnswer(name, .absent), isAhead: isAhead)
        }
        let size = UInt64(clamping: try file.status().st_size)
        guard size <= ObjectStream.largestObject else {
            return try answer(ObjectAnswer(name, .absent), isAhead: isAhead)
        }
        (self.file, self.size, offset) = (file, size, 0)
        try answer(ObjectAnswer(name, .bytes(size)), isAhead: isAhead)
    }

    private func answer(_ answer: ObjectAnswer, isAhead: Bool) throws {
        let message = isAhead ? Message.ahead(answer) : .object(answer)
        header = try message.frame(version: .one)[...]
    }
}
