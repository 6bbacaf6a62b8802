// SPDX-License-Identifier: Apache-2.0

import Glibc
import S3Samples
import SystemCalls
import TestSupport
import Testing

@testable import S3

/// All operations, with a real store.
@Suite struct CephOperationTests {
    private let bucket: CephBucket
    private let client: S3Client

    init() throws {
        bucket = try CephBucket()
        client = try bucket.client()
    }

    @Test func `An object is written, read, looked at and removed`() throws {
        let key = bucket.location.key("one")
        #expect(try client.run(.get(key, limit: 100)) == .notFound)
        #expect(try client.run(.head(key)) == .notFound)
        guard
            case .stored(let etag?) = try client.run(
                .put(key, [UInt8]("content"), cacheControl: "max-age=60"))
        else {
            Issue.record("it is not stored")
            return
        }
        let object = try #require(client.run(.get(key, limit: 7)).found)
        #expect(object.bytes == [UInt8]("content"))
        #expect(object.attributes.etag == etag)
        let attributes = try #require(client.run(.head(key)).found)
        #expect(attributes.size == 7)
        #expect(attributes.etag == etag)
        #expect(abs(try #require(attributes.modified) - time(nil)) < 3600)
        #expect(try client.run(.get(key, limit: 7, isFresh: true)).found == object)
        try client.run(.delete(key))
        try client.run(.delete(key))
        #expect(try client.run(.get(key, limit: 100)) == .notFound)
        #expect(client.counts.description == "4 get, 2 head, 1 put, 2 delete")
    }

    @Test func `An empty object has no bytes`() throws {
        let key = bucket.location.key("empty")
        _ = try client.run(.put(key, []))
        #expect(try client.run(.get(key, limit: 0)).found?.bytes == [])
        #expect(try client.run(.head(key)).found?.size == 0)
    }

    @Test func `More bytes than the limit are an error`() throws {
        let key = bucket.location.key("large")
        _ = try client.run(.put(key, .pattern(100_000)))
        #expect(s3Error { _ = try client.run(.get(key, limit: 99_999)) }?.code == .tooLarge)
        #expect(try client.run(.get(key, limit: 100_000)).found?.bytes == .pattern(100_000))
    }

    @Test(arguments: [
        "a+b", "100%", "%2B", "a b", "ä/ö/日本", "~-._", "a&b=c?d#e", "(1)!*'", "a:b@c", "a//b/", "x;y,z",
        "<&\">",
    ])
    func `A key may have any characters`(_ name: String) throws {
        let key = bucket.location.key(name)
        let other = bucket.location.key(name + "2")
        _ = try client.run(.put(key, [UInt8](name), if: .ifAbsent))
        #expect(try client.run(.get(key, limit: 100)).found?.bytes == [UInt8](name))
        #expect(try client.run(.list(prefix: key)).entries.map(\.key) == [key])
        _ = try client.run(.put(other, []))
        #expect(
            try client.run(.list(prefix: bucket.location.prefix, after: key)).entries.map(\.key) == [other])
        #expect(try client.run(.delete([key, other])) == [])
        #expect(try client.run(.list(prefix: "")).entries == [])
    }

    @Test func `A condition decides if an object is written`() throws {
        let key = bucket.location.key("state")
        guard case .stored(let first?) = try client.run(.put(key, [UInt8]("1"), if: .ifAbsent)) else {
            Issue.record("it is not created")
            return
        }
        #expect(try client.run(.put(key, [UInt8]("2"), if: .ifAbsent)) == .preconditionFailed)
        guard case .stored(let second?) = try client.run(.put(key, [UInt8]("3"), if: .ifMatch(first))) else {
            Issue.record("it is not replaced")
            return
        }
        #expect(try client.run(.put(key, [UInt8]("4"), if: .ifMatch(first))) == .preconditionFailed)
        #expect(try client.run(.get(key, limit: 1)).found?.bytes == [UInt8]("3"))
        let missing = bucket.location.key("missing")
        #expect(try client.run(.put(missing, [UInt8]("5"), if: .ifMatch(second))) == .preconditionFailed)
        #expect(try client.run(.get(missing, limit: 1)) == .notFound)
    }

    @Test func `A list of many keys comes in pages`() throws {
        let names = (0..<2500).map { bucket.location.key("many/" + String(10_000 + $0)) }
        let window = RequestWindow(client)
        for name in names { try window.run(.put(name, [UInt8]("x"), if: .ifAbsent)) }
        _ = try client.run(.put(bucket.location.key("other"), []))
        try window.finish()
        var pages: [ListPage] = []
        try client.forEachPage(prefix: bucket.location.key("many/")) { page in
            pages.append(page)
            return true
        }
        #expect(pages.map(\.entries.count) == [1000, 1000, 500])
        #expect(pages.flatMap(\.entries).map(\.key) == names)
        #expect(pages[0].entries[0].attributes.size == 1)
        #expect(pages[0].entries[0].attributes.etag != nil)
        #expect(abs(try #require(pages[0].entries[0].attributes.modified) - time(nil)) < 3600)
        var rest: [String] = []
        try client.forEachPage(prefix: bucket.location.key("many/"), after: names[1299]) { page in
            rest += page.entries.map(\.key)
            return false
        }
        #expect(rest == Array(names[1300..<2300]))
        let top = try client.run(.list(prefix: bucket.location.prefix, delimiter: "/"))
        #expect(top.entries.map(\.key) == [bucket.location.key("other")])
        #expect(top.commonPrefixes == [bucket.location.key("many/")])
        #expect(try client.run(.list(prefix: "", limit: 10)).entries.count == 10)
        #expect(try client.delete(names) == [])
        #expect(client.counts[.deleteMany] == 3)
        #expect(try client.run(.list(prefix: bucket.location.key("many/"))).entries == [])
    }

    @Test func `A large file is sent from a descriptor and read in parts`() throws {
        let directory = try TemporaryDirectory()
        let content = [UInt8].pattern(20_000_000)
        let file = try Directory.openAnywhere(directory.file("large", content))
        let key = bucket.location.key("file")
        guard case .stored = try client.run(.put(key, .file(file, 1..<20_000_000), if: .ifAbsent)) else {
            Issue.record("it is not stored")
            return
        }
        #expect(try client.run(.head(key)).found?.size == 19_999_999)
        let part = try #require(client.run(.get(key, range: 1000..<3000, limit: 2000)).found)
        #expect(part.bytes == Array(content[1001..<3001]))
        #expect(part.attributes.size == 19_999_999)
        let end = try client.run(.get(key, range: 19_999_990..<30_000_000, limit: 100)).found
        #expect(end?.bytes == Array(content[19_999_991...]))
        let copy = try Directory(directory.path).createFile("copy")
        #expect(try client.run(.stream(key, into: copy)).found?.size == 19_999_999)
        #expect(
            try Directory.openAnywhere(directory.path("copy")).readAll(limit: 30_000_000)
                == Array(content[1...]))
        #expect(try client.run(.stream(bucket.location.key("none"), into: copy)) == .notFound)
    }

    @Test func `Bytes in memory of any size are sent`() throws {
        for count in [1 << 16, (1 << 16) + 1, 3_000_000, 9_000_000] {
            let key = bucket.location.key("memory")
            _ = try client.run(.put(key, .pattern(count)))
            #expect(try client.run(.get(key, limit: count)).found?.bytes == .pattern(count))
        }
    }

    @Test func `A hundred requests at once share a few connections`() throws {
        let client = try bucket.client { $0.concurrentRequests = 8 }
        let pending = (0..<100).map { client.start(.put(bucket.location.key("p\($0)"), [UInt8]("\($0)"))) }
        for response in pending { _ = try response.value() }
        let read = (0..<100).map { client.start(.get(bucket.location.key("p\($0)"), limit: 10)) }
        for (number, response) in read.enumerated() {
            #expect(try response.value().found?.bytes == [UInt8]("\(number)"))
        }
    }

    @Test func `The probe finds the conditions kept and leaves nothing`() throws {
        try StoreProbe.run(client)
        #expect(client.etagForm == .unquoted)
        _ = try client.run(.put("settings", [1]))
        try StoreProbe.recheck(client, "settings", [1])
        try client.run(.delete("settings"))
        #expect(try client.run(.list(prefix: "")).entries == [])
        #expect(client.counts.total <= 24)
    }

    @Test func `A removal that carries an old time is refused`() throws {
        let client = try CephBucket().client()
        let key = client.location.key("object")
        _ = try client.run(.put(key, [1]))
        let old = #expect(throws: S3Error.self) {
            _ = try client.run(.delete([key], repeating: false, date: time(nil) - 1200))
        }
        #expect(old?.code == .clockSkew)
        #expect(try client.run(.head(key)).found != nil)
        #expect(try client.run(.delete([key], repeating: false, date: time(nil) - 300)) == [])
        #expect(try client.run(.head(key)).found == nil)
    }

    @Test func `Metadata is kept with an object and told`() throws {
        let client = try CephBucket().client()
        let key = client.location.key("object")
        let mark = ObjectMetadata("bst-artifact-complete", "7")
        _ = try client.run(.put(key, .bytes([1]), if: .ifAbsent, metadata: mark))
        #expect(try client.run(.head(key, metadata: mark.name)).found?.metadata == "7")
        #expect(try client.run(.get(key, limit: 9, metadata: mark.name)).found?.attributes.metadata == "7")
        #expect(try client.run(.head(key, metadata: "other")).found?.metadata == nil)
        #expect(try client.run(.head(key)).found?.metadata == nil)
    }
}
