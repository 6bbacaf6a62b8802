// SPDX-License-Identifier: Apache-2.0

import Foundation
import S3Samples
import TestSupport
import Testing

/// Pulls that take longer than their credentials last.
@Suite struct RenewedCredentialTests {
    private let store: ToyStore
    private let stage: BucketStage
    /// Hands out keys, whose names tell their numbers.
    private let container: ScriptedServer
    /// The times at which keys end, in seconds since 1970, by their numbers.
    private let ends = Locked<[Int: Double]>([:])
    /// More than twice as many as a pull has under way.
    private static let fileCount = 70
    /// The time for which keys last, in seconds.
    private let lifetime = Locked(3600.0)
    /// The answer to a request, by the number of the key that signed it.
    private let answer = Locked<@Sendable (Int, ScriptedServer.Request) -> ToyStore.Deviation?>({ _, _ in nil
    })

    init() throws {
        store = try ToyStore { [answer] request in
            guard let key = Self.key(of: request) else { return nil }
            return answer.withLock { $0 }(key, request)
        }
        stage = try BucketStage(cacheIn: store)
        var files: [String: String] = [:]
        for number in 0..<Self.fileCount { files["directory-\(number % 3)/\(number)"] = "\(number)\n" }
        _ = try stage.commit("hello/base/1", files)
        try stage.push(["hello/base/1"]).checked()
        container = try ScriptedServer { [ends, lifetime] request in
            // A whole number of seconds, as it is told.
            let end = (Date().timeIntervalSince1970 + lifetime.withLock { $0 }).rounded(.up)
            ends.withLock { $0[request.number] = end }
            let time = Date(timeIntervalSince1970: end).ISO8601Format()
            return .text(
                200,
                """
                {"AccessKeyId": "KEY\(request.number)", "SecretAccessKey": "hush-\(request.number)", \
                "Token": "pass-\(request.number)", "Expiration": "\(time)"}
                """)
        }
    }

    /// The number of the key that a request is signed with; nil for another one.
    private static func key(of request: ScriptedServer.Request) -> Int? {
        request.headers["authorization"].flatMap { text in
            text.components(separatedBy: "Credential=KEY").dropFirst().first.flatMap { rest in
                Int(rest.prefix { $0 != "/" })
            }
        }
    }

    private func pull(_ ref: String = "hello/base/1") throws -> ProcessResult {
        let environment = store.environment.merging([
            "AWS_ACCESS_KEY_ID": nil, "AWS_SECRET_ACCESS_KEY": nil, "HOME": stage.directory.path,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": container.url + "/keys",
        ]) { $1 }
        let result = try run(
            [Programs.artifact(), "pull", "--repo", stage.theirs, "--remote", stage.address, ref],
            environment: environment)
        let said = result.text + result.errorText
        #expect(!said.contains("hush-") && !said.contains("pass-"), "\(said)")
        return result
    }

    private static func isFile(_ request: ScriptedServer.Request) -> Bool { request.path.hasSuffix(".filez") }

    @Test(arguments: [400, 403])
    func `Where the store says that they have ended, others are fetched once, and the request is repeated`(
        _ status: Int
    ) throws {
        answer.withLock {
            $0 = { key, request in
                key == 1 && Self.isFile(request) ? .instead(ToyStore.error(status, "ExpiredToken")) : nil
            }
        }
        try pull().checked()
        try OSTreeCommand.fsck(stage.theirs)
        #expect(container.requests.count == 2)
        let files = store.server.requests.filter { Self.isFile($0) && $0.method == "GET" }
        #expect(files.count { Self.key(of: $0) == 2 } == Self.fileCount)
        #expect(files.allSatisfy { $0.headers["x-amz-security-token"] == "pass-\(Self.key(of: $0) ?? 0)" })
    }

    @Test(arguments: [400, 403])
    func `A file that was cut off goes on where it ended, with the credentials that came meanwhile`(
        _ status: Int
    ) throws {
        // Not to be compressed.
        let noise = (0..<800_000).map { _ in String(UInt32.random(in: 0 ... .max), radix: 36) }.joined()
        _ = try stage.commit("hello/large", ["file": noise])
        try stage.push(["hello/large"]).checked()
        let key = try #require(store.keys.max { (store[$0]?.count ?? 0) < (store[$1]?.count ?? 0) })
        let bytes = try #require(store[key])
        answer.withLock {
            $0 = { number, request in
                guard request.path.hasSuffix(key), request.method == "GET" else { return nil }
                if request.headers["range"] == nil {
                    let headers = ["ETag: \"\(ToyStore.etag(bytes))\""]
                    return .instead(.cut(200, headers: headers, body: bytes, after: bytes.count / 2))
                }
                return number == 1 ? .instead(ToyStore.error(status, "ExpiredToken")) : nil
            }
        }
        try pull("hello/large").checked()
        try OSTreeCommand.fsck(stage.theirs)
        #expect(container.requests.count == 2)
        let parts = store.server.requests.filter {
            $0.path.hasSuffix(key) && $0.method == "GET" && $0.headers["range"] != nil
        }
        let starts = parts.compactMap {
            $0.headers["range"].flatMap { Int($0.dropFirst(6).prefix { $0 != "-" }) }
        }
        #expect(parts.map { Self.key(of: $0) } == [1, 2] && starts.count == 2, "\(parts.map(\.headers))")
        #expect(starts.first == starts.last && starts.allSatisfy { $0 > 0 && $0 <= bytes.count / 2 })
    }

    @Test func `A pull goes on while one key after the other ends`() throws {
        lifetime.withLock { $0 = 2 }
        answer.withLock {
            $0 = { [ends] key, request in
                guard Self.isFile(request), let end = ends.withLock({ $0[key] }) else { return nil }
                if Date().timeIntervalSince1970 >= end {
                    return .instead(ToyStore.error(403, "ExpiredToken"))
                }
                // The answer takes as long as the key lasts.
                #expect(eventually { Date().timeIntervalSince1970 >= end })
                return nil
            }
        }
        try pull().checked()
        try OSTreeCommand.fsck(stage.theirs)
        #expect(container.requests.count >= 3)
    }

    @Test func `Where others have ended as well, the pull fails, and says so`() throws {
        answer.withLock {
            $0 = { _, request in Self.isFile(request) ? .instead(ToyStore.error(403, "ExpiredToken")) : nil }
        }
        let result = try pull()
        #expect(
            result.failed && result.errorText.contains("the credentials have ended"), "\(result.errorText)")
        #expect(container.requests.count <= 3)
        answer.withLock {
            $0 = { _, request in Self.isFile(request) ? .instead(ToyStore.error(403, "AccessDenied")) : nil }
        }
        let denied = try pull()
        #expect(denied.failed && denied.errorText.contains("answers 403"), "\(denied.errorText)")
    }
}
