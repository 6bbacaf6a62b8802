// SPDX-License-Identifier: Apache-2.0

import S3Samples
import TestSupport
import Testing

@testable import S3

/// The ways to reach the same bucket.
@Suite struct CephEndpointTests {
    private let bucket: CephBucket

    init() throws { bucket = try CephBucket() }

    /// Writes, reads and lists an object whose key signatures easily get wrong.
    private func check(_ client: S3Client) throws {
        let key = bucket.location.key("a+b %/~")
        let content = [UInt8].pattern(200_000)
        guard case .stored = try client.run(.put(key, content, if: .ifAbsent)) else {
            Issue.record("it is not stored")
            return
        }
        #expect(try client.run(.put(key, [1], if: .ifAbsent)) == .preconditionFailed)
        #expect(try client.run(.get(key, limit: content.count)).found?.bytes == content)
        #expect(try client.run(.list(prefix: bucket.location.prefix)).entries.map(\.key) == [key])
        #expect(try client.run(.delete([key])) == [])
    }

    @Test func `Over TLS, with the authority that is named`() throws {
        let endpoint = try S3Endpoint(bucket.ceph.encryptedEndpoint, source: "a test")
        try check(
            bucket.client {
                $0.endpoint = endpoint
                $0.authorities = bucket.ceph.authority
            })
        let untrusted = try bucket.client { $0.endpoint = endpoint }
        let error = s3Error { _ = try untrusted.run(.head("x")) }
        #expect(error?.code == .unreachable)
        #expect(error?.description.contains("AWS_CA_BUNDLE") == true)
    }

    @Test func `With the bucket in the host's name`() throws {
        let endpoint = try S3Endpoint(
            bucket.ceph.endpoints[0].replacing("127.0.0.1", with: "localhost"), source: "a test")
        try check(
            bucket.client {
                $0.endpoint = endpoint
                $0.addressing = .virtualHosted
            })
    }

    @Test func `As the environment says`() throws {
        let settings = try AWSSettings(environment: [
            "AWS_ENDPOINT_URL": bucket.ceph.endpoints[1], "AWS_ACCESS_KEY_ID": CephStore.accessKey,
            "AWS_SECRET_ACCESS_KEY": CephStore.secretKey, "AWS_REGION": "any-region-1",
        ])
        try check(
            S3Client(bucket.location, S3Configuration(settings, bucket: bucket.location.bucket)))
    }
}
