// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// Finds out, by two dozen small requests, if a store keeps the conditions of puts.
///
/// Stores that do not know the headers mostly ignore them, answer 200, and lose what others have written.
package struct StoreProbe {
    private let client: S3Client
    private let cancellation: Cancellation?
    private let key: String
    private var raceKey: String { key + "-race" }

    /// The number of those who create an object at the same time.
    private static let racers = 8

    /// Checks the store of a client, and sets the client's `etagForm` to what the store understands.
    ///
    /// It writes one object with a random name below `location.key(".probe/")` and removes it.
    ///
    /// - Throws: `S3Error`, with code `unsuitableStore` where the store does not keep conditions.
    package static func run(_ client: S3Client, cancellation: Cancellation? = nil) throws {
        let probe = StoreProbe(client, cancellation)
        do {
            try probe.checkCreation()
            try probe.checkRace()
            client.etagForm = try probe.form()
        } catch {
            for key in [probe.key, probe.raceKey] { _ = try? client.run(.delete(key)) }
            throw error
        }
        for key in [probe.key, probe.raceKey] { try client.run(.delete(key), cancellation: cancellation) }
    }

    /// Checks by two requests that a store still keeps conditions, for the start of a program whose store `run` has
    /// approved.
    ///
    /// A put that is to fail has the bytes that are there, so that nothing is lost even where it does not.
    ///
    /// - Parameters:
    ///   - key: an object that exists and never changes.
    ///   - bytes: its content.
    /// - Throws: `S3Error`, with code `unsuitableStore` where the store does not keep conditions.
    package static func recheck(
        _ client: S3Client, _ key: String, _ bytes: [UInt8], cancellation: Cancellation? = nil
    ) throws {
        let probe = StoreProbe(client, cancellation)
        guard let stale = ETag("0123456789abcdef0123456789abcdef") else { return }
        let attempts = [PutCondition.ifAbsent, .ifMatch(stale)].map { condition in
            client.start(.put(key, bytes, if: condition), cancellation: cancellation)
        }
        for (attempt, header) in zip(attempts, ["If-None-Match", "If-Match"]) {
            if case .stored = try probe.write({ try attempt.value() }) {
                throw probe.refusal("it writes an object although the condition does not hold", header)
            }
        }
    }

    private init(_ client: S3Client, _ cancellation: Cancellation?) {
        self.client = client
        self.cancellation = cancellation
        key = client.location.key(".probe/" + StoreProbe.random())
    }

    private static func random() -> String {
        String(UInt64.random(in: .min ... .max), radix: 36)
            + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// Creates the object twice.
    private func checkCreation() throws {
        let first = Array("first \(StoreProbe.random())".utf8)
        let created = try write {
            try client.createOrRead(key, first, limit: 1024, cancellation: cancellation)
        }
        guard case .written = created else {
            throw refusal("it takes a new key for an old one", "If-None-Match")
        }
        let second = try write { try put("second", .ifAbsent) }
        guard second != .stored, try content() == first else {
            throw refusal(
                "it replaces an object that was to be created only if there was none", "If-None-Match")
        }
    }

    /// Creates an object many times at once. A store that looks first and writes then has more than one winner.
    private func checkRace() throws {
        let racers = (0..<StoreProbe.racers).map { _ in
            let bytes = Array(StoreProbe.random().utf8)
            return (bytes, client.start(.put(raceKey, bytes, if: .ifAbsent), cancellation: cancellation))
        }
        let results = try racers.map { ($0, try $1.value()) }
        let content = try client.run(.get(raceKey, limit: 1024), cancellation: cancellation).found?.bytes
        for case (let bytes, .stored) in results where bytes != content {
            throw refusal("it lets several create the same object at the same time", "If-None-Match")
        }
    }

    /// Replaces the object by its ETag, then with the one that it had before.
    private func form() throws -> ETag.Form {
        var failure = refusal("it replaces no object by its ETag", "If-Match")
        for form in ETag.Form.allCases {
            guard let version = try attributes()?.etag else {
                throw refusal("it gives an object no ETag", "If-Match")
            }
            guard try write({ try put("third", .ifMatchInForm(version, form)) }) == .stored else { continue }
            let content = try content()
            if try write({ try put("stale", .ifMatchInForm(version, form)) }) != .stored,
                try self.content() == content
            {
                return form
            }
            failure = refusal("it replaces an object although that has changed since it was read", "If-Match")
        }
        throw failure
    }

    private enum Outcome { case stored, refused }

    /// Puts something new, and settles by reading what a lost answer leaves open.
    private func put(_ word: String, _ condition: PutCondition) throws -> Outcome {
        let bytes = Array("\(word) \(StoreProbe.random())".utf8)
        switch try client.run(.put(key, bytes, if: condition), cancellation: cancellation) {
        case .stored: return .stored
        case .preconditionFailed: return .refused
        case .unknown: return try content() == bytes ? .stored : .refused
        }
    }

    /// Makes an error of a store that does not know a header into one that says what for it is needed.
    private func write<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as S3Error where error.code == .unsuitableStore {
            throw refusal("it refuses conditional writes as not implemented", "If-None-Match and If-Match")
        }
    }

    private func content() throws -> [UInt8]? {
        try client.run(.get(key, limit: 1024), cancellation: cancellation).found?.bytes
    }

    private func attributes() throws -> ObjectAttributes? {
        try client.run(.head(key), cancellation: cancellation).found
    }

    private func refusal(_ reason: String, _ header: String) -> S3Error {
        S3Error(
            .unsuitableStore,
            "cannot use the store at \(client.configuration.endpoint) for \(client.location): \(reason) (\(header)), "
                + "so two who write at once would lose something: use a store that keeps conditions, such as AWS S3 "
                + "or Ceph"
        )
    }
}
