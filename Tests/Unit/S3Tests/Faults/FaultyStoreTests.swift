// SPDX-License-Identifier: Apache-2.0

import S3Samples
import SystemCalls
import TestSupport
import Testing

@testable import S3

/// Stores that are busy, broken, elsewhere or slow.
@Suite struct FaultyStoreTests {
    @Test func `A busy store is asked again after the pause that it wants`() throws {
        let store = try ToyStore { request in
            request.number == 1 ? .instead(.status(503, headers: ["Retry-After: 1"])) : nil
        }
        store["key"] = [1]
        let begin = ContinuousClock.now
        #expect(try store.client().run(.get("key", limit: 10)).found?.bytes == [1])
        #expect(begin.duration(to: .now) >= .seconds(1))
    }

    @Test func `A pause beyond the time for retries is not waited for`() throws {
        let store = try ToyStore { _ in .instead(.status(503, headers: ["Retry-After: 3600"])) }
        let error = s3Error { _ = try store.client().run(.get("key", limit: 10)) }
        #expect(error?.code == .unavailable)
        #expect(store.methods.count == 1)
    }

    @Test(arguments: [429, 500, 502, 503, 504])
    func `A status that may pass is waited for, but not for ever`(_ status: Int) throws {
        let store = try ToyStore { _ in .instead(.status(status)) }
        let error = s3Error { try store.client().run(.delete("key")) }
        #expect(error?.code == .unavailable)
        #expect(error?.description.contains("\(status)") == true)
        #expect(store.methods.count == 4)
    }

    @Test func `A cut connection is continued where it ended`() throws {
        let content = [UInt8].pattern(300_000)
        let tag = "ETag: \"v1\""
        let server = try ScriptedServer { request in
            switch request.headers["range"] {
            case nil: .cut(200, headers: [tag], body: content, after: 100_000)
            case "bytes=100000-":
                .status(
                    206, headers: [tag, "Content-Range: bytes 100000-299999/300000"],
                    body: Array(content[100_000...]))
            default: .status(500)
            }
        }
        let client = try server.client()
        let received = Locked<[UInt8]>([])
        let found = try client.run(
            .stream("key") { offset, bytes in
                received.withLock {
                    #expect(offset == UInt64($0.count))
                    $0 += bytes
                }
            })
        #expect(found.found?.size == 300_000)
        #expect(received.withLock { $0 } == content)
        #expect(server.requests.count == 2)
    }

    @Test func `An object that is replaced while it is read is an error`() throws {
        let server = try ScriptedServer { request in
            request.number == 1
                ? .cut(200, headers: ["ETag: \"v1\""], body: .pattern(1000), after: 100)
                : .status(
                    206, headers: ["ETag: \"v2\"", "Content-Range: bytes 100-999/1000"], body: .pattern(900))
        }
        let error = s3Error { _ = try server.client().run(.stream("key") { _, _ in }) }
        #expect(error?.code == .objectChanged)
    }

    @Test func `A store that sends another part is found out`() throws {
        let server = try ScriptedServer { _ in
            .status(206, headers: ["Content-Range: bytes 0-9/100"], body: .pattern(10))
        }
        let error = s3Error { _ = try server.client().run(.get("key", range: 10..<20, limit: 10)) }
        #expect(error?.code == .badAnswer)
        let ignorant = try ScriptedServer { _ in .status(200, body: .pattern(100)) }
        let other = s3Error { _ = try ignorant.client().run(.get("key", range: 10..<20, limit: 1000)) }
        #expect(other?.code == .badAnswer)
    }

    @Test func `An error of a sink ends the request and comes back as it is`() throws {
        let store = try ToyStore()
        store["key"] = .pattern(100_000)
        let error = SystemError("write a file", code: 28)
        #expect(throws: error) { try store.client().run(.stream("key") { _, _ in throw error }) }
        #expect(store.methods.count == 1)
    }

    @Test func `A redirection is not followed, and the region is named`() throws {
        let elsewhere = try ScriptedServer { _ in .status(200) }
        for status in [301, 307] {
            let server = try ScriptedServer { _ in
                ToyStore.error(
                    status, "PermanentRedirect",
                    headers: ["Location: \(elsewhere.url)/toy/key", "x-amz-bucket-region: eu-central-1"])
            }
            let error = s3Error { _ = try server.client().run(.put("key", [1])) }
            #expect(error?.code == .wrongRegion)
            #expect(error?.description.contains("AWS_REGION=eu-central-1") == true)
        }
        #expect(elsewhere.requests.isEmpty)
        let malformed = try ScriptedServer { _ in
            .text(400, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>")
        }
        let error = s3Error { _ = try malformed.client().run(.get("key", limit: 1)) }
        #expect(error?.description.contains("AWS_REGION=eu-west-3") == true)
    }

    @Test func `A clock that is wrong is named, with the difference`() throws {
        let server = try ScriptedServer { _ in
            ToyStore.error(403, "RequestTimeTooSkewed", headers: ["Date: Wed, 01 Jan 2020 00:00:00 GMT"])
        }
        let error = s3Error { _ = try server.client().run(.get("key", limit: 1)) }
        #expect(error?.code == .clockSkew)
        #expect(error?.description.contains("ahead of the store's") == true)
    }

    @Test func `A server that is no object store is told from an absent key`() throws {
        let server = try ScriptedServer { _ in .text(404, "<html>not here</html>") }
        #expect(s3Error { _ = try server.client().run(.get("key", limit: 1)) }?.code == .badAnswer)
        #expect(s3Error { _ = try server.client().run(.list(prefix: "")) }?.code == .badAnswer)
        let page = try ScriptedServer { _ in .text(200, "<html>hello</html>") }
        #expect(s3Error { _ = try page.client().run(.list(prefix: "")) }?.code == .badAnswer)
        #expect(s3Error { _ = try page.client().run(.delete(["a"])) }?.code == .badAnswer)
    }

    @Test func `Objects that could not be removed are told`() throws {
        let server = try ScriptedServer { request in
            guard request.target == "/toy?delete=", request.method == "POST",
                request.headers["content-md5"] != nil,
                String(decoding: request.body, as: UTF8.self).contains("<Key>a&amp;b</Key>")
            else { return .status(400) }
            return .text(
                200,
                "<DeleteResult><Error><Key>a&amp;b</Key><Code>AccessDenied</Code></Error></DeleteResult>"
            )
        }
        let failures = try server.client().run(.delete(["a&b", "c"]))
        #expect(failures == [DeleteFailure(key: "a&b", code: "AccessDenied")])
    }

    @Test func `A silent store is left after a while, or at once on request`() throws {
        let server = try ScriptedServer { _ in .silence }
        let client = try server.client() {
            $0.timeout = .seconds(1)
            $0.retries.attempts = 1
        }
        #expect(s3Error { _ = try client.run(.get("key", limit: 1)) }?.code == .unreachable)
        let patient = try server.client()
        let cancellation = try Cancellation()
        let pending = patient.start(.get("key", limit: 1), cancellation: cancellation)
        #expect(eventually { server.requests.count == 2 })
        cancellation.request()
        #expect(s3Error { _ = try pending.value() }?.code == .cancelled)
    }

    @Test func `Credentials that the store calls ended are fetched anew`() throws {
        let metadata = try ScriptedServer { request in
            .text(
                200,
                """
                {"AccessKeyId": "AK\(request.number)", "SecretAccessKey": "S", "Token": "token\(request.number)",
                "Expiration": "2099-01-01T00:00:00Z"}
                """)
        }
        let store = try ToyStore { request in
            request.headers["x-amz-security-token"] == "token1"
                ? .instead(ToyStore.error(400, "ExpiredToken")) : nil
        }
        let source = CredentialSource([
            .container(ContainerCredentials(url: metadata.url + "/x", token: nil, tokenFile: nil))
        ])
        let client = try store.client { $0.credentials = source }
        _ = try client.run(.put("key", [1]))
        _ = try client.run(.put("key", [2]))
        #expect(store["key"] == [2])
        #expect(metadata.requests.count == 2)
        #expect(store.server.requests.last?.headers["authorization"]?.contains("AK2/") == true)
    }

    @Test func `Missing credentials fail each request and the client goes on`() throws {
        let store = try ToyStore()
        let client = try store.client { $0.credentials = CredentialSource([]) }
        #expect(s3Error { _ = try client.run(.head("key")) }?.code == .noCredentials)
        #expect(s3Error { _ = try client.run(.head("key")) }?.code == .noCredentials)
        #expect(store.methods.isEmpty)
    }

    @Test func `Caches are passed by where it matters`() throws {
        let store = try ToyStore()
        let client = try store.client()
        _ = try client.run(.get("key", limit: 1))
        _ = try client.run(.get("key", limit: 1, isFresh: true))
        _ = try client.run(.put("key", [1]))
        _ = try client.createOrRead("key", [2], limit: 1)
        let values = store.server.requests.filter { $0.method == "GET" }.map { $0.headers["cache-control"] }
        #expect(values == [nil, "no-cache", "no-cache"])
    }

    @Test func `Anonymous requests have no signature, signed ones no secret`() throws {
        let store = try ToyStore()
        _ = try store.client { $0.credentials = .anonymous }.run(.head("key"))
        _ = try store.client().run(.head("key"))
        let headers = store.server.requests.map(\.headers)
        #expect(headers[0]["authorization"] == nil)
        #expect(headers[1]["authorization"]?.hasPrefix("AWS4-HMAC-SHA256 Credential=toy/") == true)
        #expect(!headers[1].values.contains { $0.contains("toy-secret") })
    }

    @Test func `Requests that wait when the client goes are ended`() throws {
        let server = try ScriptedServer { _ in .silence }
        let ended = Locked<[S3Error.Code?]>([])
        do {
            let client = try server.client() { $0.concurrentRequests = 1 }
            for _ in 0..<3 {
                client.start(.head("key")).slot.notify { outcome in
                    if case .failure(let error) = outcome {
                        ended.withLock { $0.append((error as? S3Error)?.code) }
                    }
                }
            }
        }
        #expect(eventually { ended.withLock { $0 } == [.cancelled, .cancelled, .cancelled] })
    }
}
