// SPDX-License-Identifier: Apache-2.0

import S3Samples
import TestSupport
import Testing

@testable import S3

/// The verdict on stores that keep conditions, or do not.
@Suite struct StoreProbeTests {
    @Test(arguments: [
        (ToyStore.Conditions.kept, ETag.Form.unquoted), (.unquotedOrFalse, .unquoted),
        (.quotedOrFalse, .quoted),
        (.quotedOrIgnored, .quoted),
    ])
    func `A store that keeps conditions is taken, with its form of ETags`(
        _ conditions: ToyStore.Conditions, _ form: ETag.Form
    ) throws {
        let store = try ToyStore(conditions)
        let client = try store.client()
        try StoreProbe.run(client)
        #expect(client.etagForm == form)
        #expect(store.methods.last == "DELETE")
        // With the form that was found, the store does what it should.
        store["key"] = [1]
        let version = try #require(ETag(ToyStore.etag([1])))
        #expect(try client.run(.put("key", [2], if: .ifMatch(version))) != .preconditionFailed)
        #expect(try client.run(.put("key", [3], if: .ifMatch(version))) == .preconditionFailed)
    }

    @Test(arguments: [
        (ToyStore.Conditions.ignored, "If-None-Match"), (.racy, "at the same time"),
        (.onlyReplacement, "If-None-Match"),
        (.onlyCreation, "If-Match"),
        (.refused, "not implemented"),
    ])
    func `A store that does not is refused by a sentence, and the probe is removed`(
        _ conditions: ToyStore.Conditions, _ word: String
    ) throws {
        let store = try ToyStore(conditions)
        let error = try #require(s3Error { try StoreProbe.run(store.client()) })
        #expect(error.code == .unsuitableStore)
        #expect(error.description.hasPrefix("cannot use the store at http://127.0.0.1:"))
        #expect(error.description.contains(word))
        #expect(store.methods.last == "DELETE")
    }

    @Test(arguments: [
        (ToyStore.Conditions.kept, nil), (.ignored, "If-None-Match"), (.onlyReplacement, "If-None-Match"),
        (.onlyCreation, "If-Match"), (.refused, "not implemented"),
    ])
    func `Two requests find out later that it changed its mind`(
        _ conditions: ToyStore.Conditions, _ word: String?
    ) throws {
        let store = try ToyStore(conditions)
        store["settings"] = [7]
        let client = try store.client()
        let error = s3Error { try StoreProbe.recheck(client, "settings", [7]) }
        #expect(error?.code == word.map { _ in .unsuitableStore })
        #expect(error?.description.contains(word ?? "") != false)
        #expect(client.counts.description == "2 put")
        #expect(store["settings"] == [7])
    }

    @Test func `rclone's store is refused, and keeps nothing of the probe`() throws {
        let store = try RcloneStore()
        let keys = Credentials(accessKey: RcloneStore.accessKey, secretKey: RcloneStore.secretKey)
        let client = try S3Client(
            S3Location("s3://\(RcloneStore.bucket)/place"),
            S3Configuration(
                endpoint: S3Endpoint(store.endpoint, source: "a test"), region: "us-east-1",
                credentials: CredentialSource(keys)))
        let error = s3Error { try StoreProbe.run(client) }
        #expect(error?.code == .unsuitableStore)
        #expect(error?.description.contains("(If-None-Match)") == true)
        #expect(try client.run(.list(prefix: "")).entries == [])
    }

    @Test func `A lost answer does not change the verdict`() throws {
        for number in 1...22 {
            let store = try ToyStore { $0.number == number ? .afterwards(.close) : nil }
            let client = try store.client()
            try StoreProbe.run(client)
            #expect(client.etagForm == .unquoted)
        }
    }
}
