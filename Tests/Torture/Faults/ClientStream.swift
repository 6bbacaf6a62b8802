// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Foundation
import TestSupport

/// The bytes of a client in a whole push, made from the files of an archive repository.
enum ClientStream {
    /// The objects of a repository, parts before what needs them.
    static func objects(of repository: String) throws -> [ObjectName] {
        let order = [ObjectType.file, .dirmeta, .dirtree, .commit, .commitmeta]
        return try OSTreeCommand.listObjects(repository).compactMap { ObjectName(fileName: $0) }
            .sorted { order.firstIndex(of: $0.type) ?? 0 < order.firstIndex(of: $1.type) ?? 0 }
    }

    static func push(
        _ refs: [(ref: String, old: Checksum?, new: Checksum)], _ objects: [ObjectName],
        of repository: String,
        version: ProtocolVersion
    ) throws -> [UInt8] {
        var session = PushStateMachine(version: version)
        var bytes: [UInt8] = []
        let known = refs.compactMap { entry in RefName(entry.ref).map { (name: $0, entry: entry) } }
        if version == .one { bytes += try session.begin(Info(mode: 1)) }
        try answer(&session, .info(Info(mode: 1)))
        bytes += try session.update(
            known.map { RefEdit($0.name, at: $0.entry.old, to: $0.entry.new) })
        try answer(&session, .status(Status(accepted: true)))
        bytes += try session.beginObjects()
        for (index, object) in objects.enumerated() {
            let hex = object.checksum.hex
            let path = "\(repository)/objects/\(hex.prefix(2))/\(hex.dropFirst(2)).\(object.type.rawValue)"
            let content = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            let size = UInt64(content.count)
            bytes += try session.objectHeader(object, size: size, isLast: index == objects.count - 1)
            bytes += content + session.objectTrailer(size: size)
        }
        for _ in 0..<session.unacknowledgedObjects { try answer(&session, .status(Status(accepted: true))) }
        return bytes + (try session.end())
    }

    private static func answer(_ session: inout PushStateMachine, _ message: Message) throws {
        let buffer = StreamBuffer()
        _ = buffer.append(try message.frame(version: session.version))
        _ = try session.next(from: buffer)
    }

    /// Returns true if a receiver said that everything is done.
    static func isAcknowledged(_ output: [UInt8]) throws -> Bool {
        let buffer = StreamBuffer()
        _ = buffer.append(output)
        let reader = MessageReader(version: .one)
        while let message = try reader.next(from: buffer) {
            if case .done = message { return true }
        }
        return false
    }
}
