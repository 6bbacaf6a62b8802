// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// Fetches one object into a quarantine.
final class ObjectRequest: WebRequest {
    private let name: ObjectName
    private let fetch: ObjectFetch
    private var source: Int?
    /// Nil before the first byte, and for an object that the repository has by then.
    private var incoming: (any IncomingObject)?
    /// The number of bytes so far, with those of a fragment.
    private var size: UInt64 = 0
    private var offset: UInt64 = 0

    init(_ name: ObjectName, for fetch: ObjectFetch) {
        self.name = name
        self.fetch = fetch
    }

    var path: String { name.webPath }
    var isOptional: Bool { fetch.isOptional(name) }
    var isSoughtEverywhere: Bool { name.type != .commitmeta }
    var isContentAddressed: Bool { name.type != .commitmeta }
    var isContent: Bool { name.type == .file }

    var fragmentSize: UInt64 { fetch.fragmentSize(of: name) }

    func begin(_ body: WebBody) throws {
        // The file of an earlier attempt is removed before the next one is created.
        (incoming, source) = (nil, nil)
        (size, offset) = (body.offset, body.offset)
        try retrying { incoming = try fetch.receive(name, size: body.size, from: body.offset) }
        if incoming != nil, offset > 0 { try fetch.admitBytes(Int(offset), of: name, total: offset) }
    }

    func note(source mirror: Int) { source = mirror }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        size += UInt64(bytes.count)
        if incoming != nil { try fetch.admitBytes(bytes.count, of: name, total: size) }
        try retrying { try incoming?.write(bytes) }
    }

    func end(_ result: WebResult) throws {
        guard result == .complete else { return try fetch.handleAbsence(of: name) }
        try retrying { try incoming?.finish() }
        // Files get a verdict later, unless somebody else has brought them meanwhile.
        let isVerified = name.type != .file || incoming == nil
        incoming = nil
        if let source, !isVerified { fetch.noteSource(of: name, source) }
        try fetch.handleArrival(of: name, size: size - offset, isVerified: isVerified)
    }

    private func retrying(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as RepositoryError where error.code == .badObject {
            throw RetryableError(reason: ClientError.wrongBytes(error, from: fetch.remote))
        }
    }
}

extension ObjectName {
    /// The object's path below the URL of an archive repository.
    var webPath: String {
        let hex = checksum.hex
        return "objects/\(hex.prefix(2))/\(hex.dropFirst(2)).\(type.rawValue)"
    }
}
