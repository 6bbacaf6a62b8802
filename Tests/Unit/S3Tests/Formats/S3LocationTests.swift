// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import S3

/// Addresses of places in buckets.
@Suite struct S3LocationTests {
    @Test(arguments: [
        ("s3://abc", "abc", "", "s3://abc"), ("s3://abc/", "abc", "", "s3://abc"),
        ("s3://abc//", "abc", "", "s3://abc"),
        ("s3://my.bucket-1/team-a", "my.bucket-1", "team-a/", "s3://my.bucket-1/team-a"),
        ("s3://abc/a/b c/+%~/", "abc", "a/b c/+%~/", "s3://abc/a/b c/+%~"),
    ])
    func `A place has a bucket and a prefix`(
        _ text: String, _ bucket: String, _ prefix: String, _ shown: String
    ) throws {
        let location = try S3Location(text)
        #expect(location.bucket == bucket)
        #expect(location.prefix == prefix)
        #expect(location.description == shown)
        #expect(location.key("x") == prefix + "x")
        #expect(try S3Location(location.description) == location)
    }

    @Test(arguments: [
        "", "abc", "http://abc/x", "S3://abc", "s3:/abc", "s3://", "s3:///x", "s3://ab", "s3://ABC",
        "s3://a_c", "s3://-abc",
        "s3://abc.", "s3://a..b", "s3://192.168.1.1", "s3://abc/../x", "s3://abc/x/..", "s3://abc/./x",
        "s3://abc/a//b",
        "s3://abc//a", "s3://abc/a\nb", "s3://abc/a\u{7f}", "s3://user:secret@abc", "s3://abc?x", "s3://äbc",
        "s3://" + String(repeating: "a", count: 64), "s3://abc/" + String(repeating: "a", count: 513),
    ])
    func `Anything else is refused by one sentence with a remedy`(_ text: String) {
        let error = s3Error { _ = try S3Location(text) }
        #expect(error?.code == .invalidLocation)
        #expect(error?.description.hasPrefix("cannot use '") == true)
        #expect(error?.description.contains("\n") == false)
    }

    @Test func `A key in a message cannot disturb the terminal`() throws {
        #expect(try S3Location("s3://abc").shown("a\u{1b}[0m/ä+b c") == "s3://abc/a%1B%5B0m/%C3%A4+b%20c")
    }
}
