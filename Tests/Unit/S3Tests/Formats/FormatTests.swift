// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import S3

/// The forms in which stores and metadata services answer.
@Suite struct FormatTests {
    @Test func `A page of AWS is read, with its encoded keys`() throws {
        let page = try #require(
            ListPage(
                xml: [UInt8](
                    """
                    <?xml version="1.0" encoding="UTF-8"?>
                    <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
                    <Prefix>p+q/</Prefix><KeyCount>2</KeyCount>
                    <MaxKeys>2</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
                    <NextContinuationToken>1ueGcx+/=</NextContinuationToken>
                    <Contents><Key>a+b%2Bc%25/%C3%A4</Key><LastModified>2026-11-29T02:03:04.000Z</LastModified>
                    <ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>17</Size>
                    <Owner><ID>x</ID><Key>not-this-one</Key></Owner><StorageClass>STANDARD</StorageClass></Contents>
                    <Contents><Key>z</Key><Size>0</Size></Contents>
                    <CommonPrefixes><Prefix>p%2F</Prefix></CommonPrefixes></ListBucketResult>
                    """)))
        #expect(page.entries.map(\.key) == ["a b+c%/ä", "z"])
        #expect(page.entries[0].attributes.etag?.text == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(page.entries[0].attributes.size == 17)
        #expect(page.entries[0].attributes.modified == 1_795_917_784)
        #expect(page.commonPrefixes == ["p/"])
        #expect(page.continuation == "1ueGcx+/=")
    }

    @Test(arguments: [
        "", "<html><body>hello</body></html>", "<ListBucketResult><Contents>", "not xml", "{}",
        "<Error><Code>x</Code></Error>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%zz</Key></Contents></ListBucketResult>",
        String(repeating: "<a>", count: 1000) + String(repeating: "</a>", count: 1000),
    ])
    func `Something else is no page`(_ text: String) {
        #expect(ListPage(xml: [UInt8](text)) == nil)
    }

    @Test func `Damaged answers and settings do no harm`() {
        let samples = [
            "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>a%2</Key></Contents></ListBucketResult>",
            "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Region>r</Region></Error>",
            #"{"AccessKeyId": "A", "SecretAccessKey": "S", "L": [1, {"a": "b"}], "Expiration": "2026-11-29T02:03:04"}"#,
            "[profile a]\nregion = x # y\ns3 =\n  addressing_style = path\n[default]\n",
        ]
        var state: UInt64 = 42
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for sample in samples {
            for _ in 0..<1000 {
                var bytes = Array(sample.utf8)
                for _ in 0...random(3) {
                    switch random(3) {
                    case 0: bytes[random(bytes.count)] = UInt8(random(256))
                    case 1: bytes.removeSubrange(random(bytes.count)...)
                    default: bytes.insert(contentsOf: bytes.suffix(random(20)), at: random(bytes.count + 1))
                    }
                    if bytes.isEmpty { bytes = [0] }
                }
                _ = ListPage(xml: bytes)
                _ = ErrorDocument(bytes)
                _ = Credentials(json: bytes, token: "Token")
                _ = INIFile(String(decoding: bytes, as: UTF8.self))
                _ = ETag(String(decoding: bytes, as: UTF8.self))
            }
        }
    }

    @Test func `Keys are not decoded where the store did not encode them`() {
        let text = "<ListBucketResult><Contents><Key>a+b%20c</Key></Contents></ListBucketResult>"
        #expect(ListPage(xml: [UInt8](text))?.entries.map(\.key) == ["a+b%20c"])
    }

    @Test(arguments: [
        ("\"abc\"", "abc"), ("abc", "abc"), ("\"\"", nil), ("", nil), ("\"", nil), ("a b", nil),
        ("a\r\nb", nil),
        ("\"a\"b\"", nil),
    ])
    func `An ETag is what stands between the quotation marks`(_ text: String, _ etag: String?) {
        #expect(ETag(text)?.text == etag)
    }

    @Test(arguments: [
        "2026-11-29T02:03:04Z", "2026-11-29T02:03:04.123456Z", "2026-11-29T02:03:04",
        "2026-11-29T02:03:04+00:00",
        "2026-11-29T03:03:04+01:00",
    ])
    func `Times have several forms`(_ text: String) {
        #expect(Timestamp.seconds(text) == 1_795_917_784)
    }

    @Test(arguments: ["", "tomorrow", "2026-11-29", "2026-11-29T02:03:04 or so"])
    func `Other texts are no times`(_ text: String) {
        #expect(Timestamp.seconds(text) == nil)
    }

    @Test func `The fields of a JSON object are read`() {
        let text =
            #"{"A" : "x\/y\u0041\"", "B":1, "Nested": {"A": "no", "L": ["C", "no"]}, "C":"", "D": "after"}"#
        #expect(JSONFields.read([UInt8](text)) == ["A": "x/yA\"", "B": "1", "C": "", "D": "after"])
        #expect(JSONFields.read([UInt8]("{\n\t\"A\": \"tab\"\n}")) == ["A": "tab"])
        #expect(JSONFields.read([UInt8]("{}")) == [:])
    }

    @Test(arguments: ["", "  ", "text", "[1, 2]", "{\"A\": ", "<html></html>", "{\"A\": \"x\"", "\u{0}"])
    func `Something else has no fields`(_ text: String) {
        #expect(JSONFields.read([UInt8](text)) == nil)
    }

    @Test func `Digests are those of the standards`() {
        #expect(
            ContentDigest.sha256Hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(ContentDigest.md5Base64([]) == "1B2M2Y8AsgTpgAmY7PhCfg==")
    }

    @Test func `Requests are counted and subtracted by kind`() {
        var counts = RequestCounts()
        counts.add(.put)
        let earlier = counts
        counts.add(.put)
        counts.add(.get)
        #expect((counts - earlier).description == "1 get, 1 put")
        #expect(counts.total == 3)
        #expect(counts - counts == RequestCounts())
    }

    @Test func `Delays grow, are shortened by chance and end`() {
        var policy = RetryPolicy()
        (policy.firstDelay, policy.longestDelay, policy.attempts) = (.seconds(1), .seconds(4), 5)
        for (attempt, seconds) in [(1, 1), (2, 2), (3, 4), (4, 4)] {
            let delay = policy.delay(after: attempt, elapsed: .zero, wanted: .zero) ?? .zero
            #expect(delay >= .milliseconds(500 * seconds) && delay <= .seconds(seconds))
        }
        #expect(policy.delay(after: 5, elapsed: .zero, wanted: .zero) == nil)
        #expect(policy.delay(after: 1, elapsed: .zero, wanted: .seconds(30)) == .seconds(30))
        #expect(policy.delay(after: 1, elapsed: .seconds(100), wanted: .seconds(30)) == nil)
    }
}
