// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArtifactServer

@Suite struct ConditionalHeadersTests {
    private func part(_ range: String, of size: UInt64 = 100, ifRange: String? = nil)
        -> ConditionalHeaders.Part
    {
        var conditions = ConditionalHeaders()
        (conditions.range, conditions.ifRange) = (range, ifRange)
        return conditions.part(of: size, tag: "\"t\"", modified: "then")
    }

    @Test func `One range is one part, cut at the end of the file`() {
        #expect(part("bytes=0-0") == .part(0..<1))
        #expect(part("bytes=10-19") == .part(10..<20))
        #expect(part("bytes=90-") == .part(90..<100))
        #expect(part("bytes=90-1000") == .part(90..<100))
        #expect(part("bytes=-10") == .part(90..<100))
        #expect(part("bytes=-1000") == .part(0..<100))
        #expect(part("bytes=5-99999999999999999999999999") == .part(5..<100))
        #expect(part("bytes=0-18446744073709551615", of: .max) == .part(0..<UInt64.max))
    }

    @Test func `What lies behind the end cannot be had`() {
        for range in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"] {
            #expect(part(range) == .unsatisfiable)
        }
        #expect(part("bytes=0-", of: 0) == .unsatisfiable)
        #expect(part("bytes=-5", of: 0) == .unsatisfiable)
    }

    @Test(arguments: [
        "bytes=5-4", "bytes=1-2,4-5", "bytes=", "bytes=-", "bytes=a-b", "bytes=+1-2", "bytes= 1-2",
        "items=0-1",
        "bytes=--5", "bytes=1", "bytes=1-2-3", "",
    ])
    func `What is no range is not looked at`(range: String) {
        #expect(part(range) == .whole)
    }

    @Test func `A part of another version is not sent`() {
        #expect(part("bytes=1-2", ifRange: "\"t\"") == .part(1..<3))
        #expect(part("bytes=1-2", ifRange: "then") == .part(1..<3))
        #expect(part("bytes=1-2", ifRange: "\"other\"") == .whole)
        #expect(part("bytes=1-2", ifRange: "W/\"t\"") == .whole)
    }

    @Test func `Who has it is told so`() {
        var conditions = ConditionalHeaders()
        #expect(!conditions.isUnchanged(tag: "\"t\"", modified: "then"))
        for tags in ["\"t\"", "W/\"t\"", "*", "\"a\", \"t\"", "\"a\",W/\"t\" "] {
            conditions.ifNoneMatch = tags
            #expect(conditions.isUnchanged(tag: "\"t\"", modified: nil), "\(tags)")
        }
        // The tag decides where there is one.
        (conditions.ifNoneMatch, conditions.ifModifiedSince) = ("\"a\"", "then")
        #expect(!conditions.isUnchanged(tag: "\"t\"", modified: "then"))
        conditions.ifNoneMatch = nil
        #expect(conditions.isUnchanged(tag: "\"t\"", modified: "then"))
        #expect(!conditions.isUnchanged(tag: "\"t\"", modified: nil))
    }
}
