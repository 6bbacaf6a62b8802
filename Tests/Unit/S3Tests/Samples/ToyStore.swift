// SPDX-License-Identifier: Apache-2.0

import Foundation
import S3
import TestSupport

/// A store of one bucket in memory that does what it is told about conditions, and answers wrongly when it is told to.
final class ToyStore: Sendable {
    /// The ways in which stores treat the headers of conditional writes.
    enum Conditions: Sendable {
        case kept, ignored, refused
        /// Only the part that the name says is kept.
        case onlyCreation, onlyReplacement
        /// `If-Match` is understood with quotation marks alone; without, it is ignored or never true.
        case quotedOrIgnored, quotedOrFalse, unquotedOrFalse
        /// An object is looked for first and created then, with time for others in between.
        case racy
    }

    /// A deviation from the right answer to a request.
    enum Deviation: Sendable {
        /// Answers so in place of doing anything.
        case instead(ScriptedServer.Answer)
        /// Does the right thing and answers so.
        case afterwards(ScriptedServer.Answer)
        /// Answers right after this was done.
        case behind(@Sendable (ToyStore) -> Void)
    }

    static let credentials = Credentials(accessKey: "toy", secretKey: "toy-secret")
    let conditions: Conditions
    private let deviation: @Sendable (ScriptedServer.Request) -> Deviation?
    private let objects = Locked<[String: [UInt8]]>([:])
    private let racers = Locked(0)
    private let started = Locked<ScriptedServer?>(nil)

    init(
        _ conditions: Conditions = .kept,
        deviation: @escaping @Sendable (ScriptedServer.Request) -> Deviation? = { _ in nil }
    ) throws {
        self.conditions = conditions
        self.deviation = deviation
        let server = try ScriptedServer { [weak self] in self?.answer($0) ?? .close }
        started.withLock { $0 = server }
    }

    var server: ScriptedServer {
        guard let server = started.withLock({ $0 }) else { preconditionFailure("the server was started") }
        return server
    }

    subscript(key: String) -> [UInt8]? {
        get { objects.withLock { $0[key] } }
        set { objects.withLock { $0[key] = newValue } }
    }

    /// The methods of all requests so far.
    var methods: [String] { server.requests.map(\.method) }

    /// A client whose retries take no time.
    func client(_ change: (inout S3Configuration) -> Void = { _ in }) throws -> S3Client {
        try server.client("s3://toy/place", change)
    }

    static func etag(_ bytes: [UInt8]) -> String {
        // Any function of the content will do.
        "toy-" + String(bytes.reduce(into: UInt64(17)) { $0 = $0 &* 31 &+ UInt64($1) }, radix: 16)
    }

    private func answer(_ request: ScriptedServer.Request) -> ScriptedServer.Answer {
        switch deviation(request) {
        case .instead(let answer): return answer
        case .afterwards(let answer):
            _ = right(request)
            return answer
        case .behind(let action):
            action(self)
            return right(request)
        case nil:
            guard conditions == .racy, request.path.hasSuffix("-race"), self[key(of: request)] == nil else {
                return right(request)
            }
            // Nobody writes before all those who are here have looked.
            racers.withLock { $0 += 1 }
            _ = eventually(within: 1) { racers.withLock { $0 } >= 4 }
            self[key(of: request)] = request.body
            return .status(200)
        }
    }

    private func key(of request: ScriptedServer.Request) -> String {
        String(request.path.dropFirst("/toy/".count))
    }

    private func right(_ request: ScriptedServer.Request) -> ScriptedServer.Answer {
        let key = key(of: request)
        return objects.withLock { objects in
            let present = objects[key]
            switch request.method {
            case "GET", "HEAD":
                guard let present else { return ToyStore.error(404, "NoSuchKey") }
                return .status(200, headers: ["ETag: \"\(ToyStore.etag(present))\""], body: present)
            case "PUT":
                if let refusal = refusal(request, present) { return refusal }
                objects[key] = request.body
                return .status(200, headers: ["ETag: \"\(ToyStore.etag(request.body))\""])
            case "DELETE":
                objects[key] = nil
                return .status(204)
            default: return ToyStore.error(405, "MethodNotAllowed")
            }
        }
    }

    private func refusal(_ request: ScriptedServer.Request, _ present: [UInt8]?) -> ScriptedServer.Answer? {
        let creation = request.headers["if-none-match"]
        let replacement = request.headers["if-match"]
        if creation ?? replacement != nil, conditions == .refused {
            return ToyStore.error(501, "NotImplemented")
        }
        if creation == "*", present != nil, conditions != .ignored, conditions != .onlyReplacement {
            return ToyStore.error(412, "PreconditionFailed")
        }
        guard let replacement, conditions != .ignored, conditions != .onlyCreation else { return nil }
        let isQuoted = replacement.hasPrefix("\"")
        if conditions == .quotedOrIgnored, !isQuoted { return nil }
        if conditions == .quotedOrFalse, !isQuoted { return ToyStore.error(412, "PreconditionFailed") }
        if conditions == .unquotedOrFalse, isQuoted { return ToyStore.error(412, "PreconditionFailed") }
        guard let present else { return ToyStore.error(404, "NoSuchKey") }
        return ToyStore.etag(present) == replacement.filter { $0 != "\"" }
            ? nil : ToyStore.error(412, "PreconditionFailed")
    }

    static func error(_ status: Int, _ code: String, headers: [String] = []) -> ScriptedServer.Answer {
        .text(status, "<?xml version=\"1.0\"?><Error><Code>\(code)</Code></Error>", headers: headers)
    }
}

extension ScriptedServer {
    /// A client whose retries take no time.
    func client(
        _ location: String = "s3://toy", _ change: (inout S3Configuration) -> Void = { _ in }
    ) throws -> S3Client {
        var configuration = S3Configuration(
            endpoint: try S3Endpoint(url, source: "a test"), region: "us-east-1",
            credentials: CredentialSource(ToyStore.credentials))
        configuration.retries.firstDelay = .milliseconds(1)
        configuration.retries.longestDelay = .milliseconds(5)
        configuration.retries.attempts = 4
        change(&configuration)
        return try S3Client(S3Location(location), configuration)
    }
}
