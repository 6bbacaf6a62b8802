// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// The objects that arrive in a stream, one after the other.
struct ObjectArrivals {
    private let objects: ObjectFetch
    private var request: ObjectRequest?
    private var ahead: (name: ObjectName, size: UInt64, incoming: (any IncomingObject)?)?
    /// Files that came before they were requested.
    private var filesAhead: Set<ObjectName> = []
    /// Those of them that were requested afterwards, since what came was wrong.
    private var repeated: Set<ObjectName> = []

    init(_ objects: ObjectFetch) {
        self.objects = objects
    }

    var isBetweenObjects: Bool { request == nil && ahead == nil }

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
            throw error.reason
        } catch let error as RepositoryError where error.code == .badObject {
            throw ClientError.wrongBytes(error, from: objects.remote)
        }
    }

    private mutating func end() throws {
        defer { (request, ahead) = (nil, nil) }
        try request?.end(.complete)
        guard let ahead else { return }
        try ahead.incoming?.finish()
        try objects.handleArrivalAhead(
            of: ahead.name, size: ahead.size, isUnderWay: ahead.incoming != nil && ahead.name.type == .file)
    }
}
