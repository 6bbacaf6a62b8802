// SPDX-License-Identifier: Apache-2.0
import Foundation

/// An HTTP/1.1 server inside the test, on a port of 127.0.0.1, that answers as a closure says.
///
/// It stops when the last reference goes.
public final class ScriptedServer: Sendable {
    /// A request with its body.
    public struct Request: Sendable {
        /// The method, such as `PUT`.
        public let method: String
        /// Path and query as they came.
        public let target: String
        /// The headers by their names in lower case.
        public let headers: [String: String]
        /// The body.
        public let body: [UInt8]
        /// The number of the request among all, from 1.
        public let number: Int

        /// The path as it came, without the query.
        public var path: String { String(target.prefix { $0 != "?" }) }
    }

    /// The answer to a request.
    public enum Answer: Sendable {
        /// A status with headers, `Name: value`, and a body.
        case status(Int, headers: [String] = [], body: [UInt8] = [])
        /// The same, but the connection is cut after so many bytes of the body.
        case cut(Int, headers: [String] = [], body: [UInt8], after: Int)
        /// Closes the connection without an answer.
        case close
        /// Gives no answer as long as the server runs.
        case silence

        /// A status with a body of text.
        public static func text(_ status: Int, _ text: String, headers: [String] = []) -> Answer {
            .status(status, headers: headers, body: Array(text.utf8))
        }
    }

    private let listener: LoopbackListener
    private let log: Log

    private final class Log: Sendable {
        let requests = Locked<[Request]>([])
    }

    /// Starts a server.
    public init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        let log = Log()
        self.log = log
        listener = try LoopbackListener { connection, listener in
            while let request = ScriptedServer.read(connection, log), !listener.isDead {
                guard ScriptedServer.send(answer(request), to: request, over: connection, listener) else {
                    return
                }
            }
        }
    }

    deinit {
        stop()
    }

    /// Closes everything. A second time does nothing.
    public func stop() {
        listener.stop()
    }

    /// The server's URL, `http://127.0.0.1:PORT`.
    public var url: String { "http://127.0.0.1:\(listener.port)" }

    /// The requests so far, in the order in which they came.
    public var requests: [Request] { log.requests.withLock { $0 } }

    /// The connections that were made.
    public var connectionCount: Int { listener.connectionCount }

    private static func read(_ connection: SocketConnection, _ log: Log) -> Request? {
        guard let head = connection.readHead() else { return nil }
        let words = (head.first ?? "").split(separator: " ").map(String.init)
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in head.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        if headers["expect"] != nil { _ = connection.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
        guard let body = connection.readBody(headers["content-length"].flatMap { Int($0) } ?? 0) else {
            return nil
        }
        return log.requests.withLock { requests in
            let request = Request(
                method: words[0], target: words[1], headers: headers, body: body, number: requests.count + 1)
            requests.append(request)
            return request
        }
    }

    /// Returns true if the connection stays open.
    private static func send(
        _ answer: Answer, to request: Request, over connection: SocketConnection, _ listener: LoopbackListener
    ) -> Bool {
        let parts: (status: Int, headers: [String], body: [UInt8], count: Int)
        switch answer {
        case .status(let status, let headers, let body): parts = (status, headers, body, body.count)
        case .cut(let status, let headers, let body, let count): parts = (status, headers, body, count)
        case .close: return false
        case .silence:
            _ = eventually { listener.isDead }
            return false
        }
        let hasLength = parts.headers.contains { $0.lowercased().hasPrefix("content-length:") }
        let lines =
            ["HTTP/1.1 \(parts.status) Test"] + (hasLength ? [] : ["Content-Length: \(parts.body.count)"])
            + parts.headers
        let body = request.method == "HEAD" ? [] : parts.body.prefix(parts.count)
        return connection.send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
            && parts.count == parts.body.count
    }
}
