// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArtifactProtocol

/// Pax records.
@Suite struct PaxRecordTests {
    private static func read(_ text: String) throws -> PaxRecords {
        try PaxRecords(reading: Array(text.utf8))
    }

    @Test func `Pax records are read one after the other, the last of a key counting`() throws {
        #expect(try Self.read("") == PaxRecords(reading: []))
        let text =
            TarArchive.record("path", "first") + TarArchive.record("mtime", "1.5")
            + TarArchive.record("size", "12") + TarArchive.record("path", "a=b\nc d")
        let records = try Self.read(text)
        #expect(records.path == "a=b\nc d")
        #expect(records.size == 12)
    }

    @Test(arguments: [1, 3, 4, 5, 86, 87, 88, 89, 90, 985, 986, 990, 9979, 9990])
    func `Pax records have lengths that count themselves`(count: Int) throws {
        let value = String(repeating: "v", count: count)
        let records = try Self.read(TarArchive.record("path", value) + TarArchive.record("size", "1"))
        #expect(records.path == value)
        #expect(records.size == 1)
    }

    @Test func `Pax records may have leading zeros in their length`() throws {
        #expect(try Self.read("0012 path=x\n").path == "x")
    }

    @Test(arguments: [
        "x", "10", " ", "\n", "0", "0 ", "1 ", "2 \n", "3 =\n", "3 a\n", "11 path=x\n",
        "10 path=x",
        "99 path=x\n", "-1 path=x\n", "+11 path=x\n", " 10 path=x\n", "10path=x\n", "a0 path=x\n",
        "10 path=xy",
        "10  path=x\n", "10 pathxx\n", "10 path=x\n\n", "10 path=x\n ", "10 path=x\n5", "0x0a path=x\n",
        "9999999999 path=x\n", "99999999999999999999 path=x\n", "١٠ path=x\n", "4 =\n\n", "5 =x\n",
        "10 path=x\n\0",
        "10 path=x\n10 path=x", "\u{0}10 path=x\n", "1e1 path=x\n", "10\tpath=x\n",
    ])
    func `Pax records that are not well formed are refused`(text: String) {
        let error = #expect(throws: ProtocolError.self) { try Self.read(text) }
        #expect(error?.code == .badObjectStream)
    }

    @Test(arguments: [
        "", "-1", "+1", "1.5", "0x10", " 1", "1 ", "1\0", "18446744073709551616", "١", "1e3", "one",
    ])
    func `Pax records that give no proper size are refused`(value: String) {
        let error = #expect(throws: ProtocolError.self) { try Self.read(TarArchive.record("size", value)) }
        #expect(error?.code == .badObjectStream)
    }

    @Test func `Pax records with the largest size are read`() throws {
        #expect(try Self.read(TarArchive.record("size", "18446744073709551615")).size == .max)
        #expect(try Self.read(TarArchive.record("size", "0")).size == 0)
    }
}
