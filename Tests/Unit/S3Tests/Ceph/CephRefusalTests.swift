// SPDX-License-Identifier: Apache-2.0

import S3Samples
import SystemCalls
import TestSupport
import Testing

@testable import S3

/// Refusals by the store, and the messages about them.
@Suite struct CephRefusalTests {
    private let bucket: CephBucket

    init() throws { bucket = try CephBucket() }

    private func failure(_ client: S3Client) -> S3Error? {
        s3Error { _ = try client.run(.get(bucket.location.key("x"), limit: 10)) }
    }

    @Test func `A wrong secret is named, but not shown`() throws {
        let wrong = CredentialSource(Credentials(accessKey: CephStore.accessKey, secretKey: "not-the-secret"))
        let error = try #require(failure(bucket.client(credentials: wrong)))
        #expect(error.code == .wrongCredentials)
        #expect(error.description.contains("AWS_SECRET_ACCESS_KEY"))
        #expect(!error.description.contains("not-the-secret"))
        let unknown = CredentialSource(Credentials(accessKey: "nobody", secretKey: "not-the-secret"))
        #expect(try #require(failure(bucket.client(credentials: unknown))).code == .wrongCredentials)
        #expect(try #require(failure(bucket.client(credentials: .anonymous))).code == .accessDenied)
    }

    @Test func `A missing bucket is named`() throws {
        let client = try bucket.client(bucket: "no-such-bucket")
        let error = try #require(failure(client))
        #expect(error.code == .noBucket)
        #expect(error.description.contains("s3://no-such-bucket/"))
        #expect(s3Error { _ = try client.run(.put("x", [])) }?.code == .noBucket)
        #expect(s3Error { _ = try client.run(.list(prefix: "")) }?.code == .noBucket)
        #expect(s3Error { try StoreProbe.run(client) }?.code == .noBucket)
    }

    @Test func `A part behind the end is an error`() throws {
        let client = try bucket.client()
        _ = try client.run(.put("short", [UInt8]("short")))
        #expect(s3Error { _ = try client.run(.get("short", range: 10..<20, limit: 10)) }?.code == .badAnswer)
    }

    @Test func `A cancelled request ends, and others go on`() throws {
        let client = try bucket.client()
        let directory = try TemporaryDirectory()
        let file = try Directory.openAnywhere(directory.file("f", .pattern(50_000_000)))
        let cancellation = try Cancellation()
        let pending = client.start(.put("big", .file(file, 0..<50_000_000)), cancellation: cancellation)
        let other = client.start(.put("small", [UInt8]("small")), cancellation: try Cancellation())
        cancellation.request()
        #expect(s3Error { _ = try pending.value() }?.code == .cancelled)
        #expect(
            s3Error { _ = try client.run(.get("big", limit: 1), cancellation: cancellation) }?.code
                == .cancelled)
        guard case .stored = try other.value() else {
            Issue.record("the other request was not stored")
            return
        }
        #expect(try client.run(.get("small", limit: 10)).found?.bytes == [UInt8]("small"))
    }

    @Test func `A file that became shorter is an error of this machine`() throws {
        let directory = try TemporaryDirectory()
        let file = try Directory.openAnywhere(directory.file("f", .pattern(200_000)))
        let client = try bucket.client()
        #expect(s3Error { _ = try client.run(.put("f", .file(file, 0..<300_000))) }?.code == .localFailure)
        #expect(try client.run(.head("f")) == .notFound)
    }
}
