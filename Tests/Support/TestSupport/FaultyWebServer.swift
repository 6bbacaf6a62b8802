// SPDX-License-Identifier: Apache-2.0
import Foundation

/// An HTTP/1.1 server inside the test, on a port of 127.0.0.1, that serves a directory and makes the mistakes it
/// is told to make.
///
/// It knows `GET` and `HEAD`, one range of bytes, and connections that stay open. It stops when the last
/// reference goes.
public final class FaultyWebServer: Sendable {
    /// Chooses what goes wrong with a request, from its path (decoded, without the query) and its number
    /// among all requests, from 1.
    public typealias Choice = @Sendable (_ path: String, _ requestNumber: Int) -> Fault?

    /// The port on 127.0.0.1.
    public var port: UInt16 { listener.port }
    /// The URL of the directory, `http://127.0.0.1:PORT`.
    public var url: String { "http://127.0.0.1:\(port)" }

    private let service: Service
    private let listener: LoopbackListener

    /// Starts a server.
    public init(directory: String, faults: @escaping Choice = { _, _ in nil }) throws {
        let service = Service(directory: directory, faults: faults)
        self.service = service
        listener = try LoopbackListener { connection, listener in
            while let head = connection.readHead(), service.answer(head, over: connection, listener) {}
        }
    }

    deinit {
        stop()
    }

    /// The number of requests so far.
    public var requestCount: Int {
        requestedPaths.count
    }

    /// The paths that were asked for, in order.
    public var requestedPaths: [String] { requests.map(\.path) }

    /// The same, with the bytes that were asked for, where that were not all.
    public var requests: [(path: String, range: String?)] {
        service.state.withLock { $0.requests }
    }

    /// The `Authorization` headers of the requests, in the same order.
    public var authorizations: [String?] {
        service.state.withLock { $0.authorizations }
    }

    /// The connections that were made.
    public var connectionCount: Int { listener.connectionCount }

    /// Closes everything and waits for the server's threads. A second time does nothing.
    public func stop() {
        listener.stop()
    }
}

/// State shared by the server's threads. They keep it, not the server, so that the server can go.
private final class Service: Sendable {
    struct State {
        var requests: [(path: String, range: String?)] = []
        var authorizations: [String?] = []
        var attempts: [String: Int] = [:]
    }

    let state = Locked(State())
    private let directory: String
    private let faults: FaultyWebServer.Choice

    init(directory: String, faults: @escaping FaultyWebServer.Choice) {
        self.directory = directory
        self.faults = faults
    }

    /// Answers one request; `false` when the connection is over.
    func answer(_ head: [String], over connection: SocketConnection, _ listener: LoopbackListener) -> Bool {
        let words = (head.first ?? "").split(separator: " ").map(String.init)
        guard words.count == 3 else { return false }
        let target = words[1].prefix { $0 != "?" }
        let path = target.removingPercentEncoding ?? String(target)
        var headers: [String: String] = [:]
        for line in head.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 {
                headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
            }
        }
        let (number, attempt) = state.withLock { [headers] state in
            state.requests.append((path, headers["range"]))
            state.authorizations.append(headers["authorization"])
            state.attempts[path, default: 0] += 1
            return (state.requests.count, state.attempts[path]!)
        }
        let reply = Reply(
            connection: connection, withBody: words[0] != "HEAD",
            keepAlive: headers["connection"]?.lowercased() != "close" && words[2] != "HTTP/1.0")
        guard words[0] == "GET" || words[0] == "HEAD" else { return reply.short(405) }

        var fault = faults(path, number)
        while case .firstAttempts(let count, let inner) = fault {
            fault = attempt <= count ? inner : nil
        }
        switch fault {
        case .status(let status):
            return reply.short(status)
        case .answer(let status, let headers):
            return reply.short(status, headers)
        case .redirect(let location):
            return reply.short(302, ["Location: \(location)"])
        case .replaceBody(let body):
            return reply.send(200, [], body)
        case .dieForever:
            listener.die()
            return false
        case .delay(let seconds):
            _ = eventually(within: seconds) { listener.isDead }
        case .closeAfter, .stallAfter, .corrupt, .firstAttempts, nil:
            break
        }

        guard !path.split(separator: "/").contains(".."), let file = ServedFile(directory + path) else {
            return reply.short(404)
        }
        var range = 0..<file.size
        var partial = false
        if let asked = headers["range"] {
            guard let found = ByteRange.parse(asked, size: file.size) else {
                return reply.short(416, ["Content-Range: bytes */\(file.size)"])
            }
            range = found
            partial = true
        }
        let isOpen = reply.send(file, range: range, partial: partial, fault: fault)
        guard case .stallAfter = fault else { return isOpen }
        _ = eventually(within: 100) { listener.isDead }
        return false
    }
}
