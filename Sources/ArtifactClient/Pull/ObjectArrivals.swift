// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// The objects that arrive in a stream, one after the other.
struct ObjectArrivals {
    private let objects: ObjectFetch
    private var request: ObjectRequest?
    /// The object under way, if it began with what an interrupted pull has left.
    private var continued: ObjectName?
    private var ahead: (name: ObjectName, size: UInt64, incoming: (any IncomingObject)?)?
    /// Files that came before they were requested.
    private var filesAhead: Set<ObjectName> = []
    /// Those of them that were requested afterwards, since what came was wrong.
    private var repeated: Set<ObjectName> = []

    init(_ objects: ObjectFetch) {
        self.objects = objects
    }

    mutating func noteRequests(_ names: [ObjectName]) {
        for name in names where filesAhead.contains(name) { repeated.insert(name) }
    }

    mutating func handle(_ answer: PullStateMachine.Answer) throws {
        do {
            switch answer {
            case .objectBegins(let name, let size):
                // Another stream may have brought it ahead.
                guard try !objects.holds(name) else {
                    ahead = (name, size, nil)
                    return
                }
                request = ObjectRequest(name, for: objects)
                try request?.begin(WebBody(offset: 0, size: size))
            case .objectContinues(let name, let point):
                (request, continued) = (ObjectRequest(name, for: objects), name)
                try request?.begin(WebBody(offset: point.offset, size: point.size))
            case .aheadBegins(let name, let size):
                ahead = (name, size, nil)
                ahead?.incoming = try objects.receiveAhead(name)
                if name.type == .file { filesAhead.insert(name) }
            case .objectBytes(let bytes):
                try request?.receive(bytes)
                guard let incoming = ahead?.incoming, let name = ahead?.name else { return }
                try objects.admitBytes(bytes.count, of: name, total: ahead?.size ?? 0)
                try incoming.write(bytes)
            case .objectEnds: try end()
            case .objectAbsent(let name): try objects.handleAbsence(of: name)
            case .objectSentAhead(let name):
                // The receiver knows now that it is wanted all the same.
                if repeated.remove(name) != nil { return objects.requeue(name) }
                // A file may be on its way to its verdict.
                guard !filesAhead.contains(name), objects.awaits(name) else { return }
                throw ClientError(
                    .badContent,
                    "\(objects.remote) says that it has sent object \(name), and it has not: pull again")
            case .info, .status, .refs: break
            }
        } catch let error as RetryableError {
            guard let name = continued else { throw error.reason }
            // Its remaining bytes are skipped, and it comes once more, from its beginning.
            (request, continued) = (nil, nil)
            objects.requeue(name)
        } catch let error as RepositoryError where error.code == .badObject {
            throw ClientError.wrongBytes(error, from: objects.remote)
        }
    }

    private mutating func end() throws {
        defer { (request, continued, ahead) = (nil, nil, nil) }
        try request?.end(.complete)
        guard let ahead else { return }
        try ahead.incoming?.finish()
        try objects.handleArrivalAhead(
            of: ahead.name, size: ahead.size, isUnderWay: ahead.incoming != nil && ahead.name.type == .file)
    }
}
