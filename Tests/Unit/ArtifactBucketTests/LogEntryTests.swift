// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Testing
import Variants

@testable import ArtifactBucket

/// Entries of the log, their keys, and the views that are written from them.
@Suite struct LogEntryTests {
    private let first = Digest(of: [1]).finish()
    private let second = Digest(of: [2]).finish()

    private let entry: LogEntry

    init() throws {
        var entry = LogEntry(after: nil, time: 77, author: "anna@laptop")
        (entry.sequence, entry.previous) = (9, first)
        (entry.base, entry.root, entry.views) = (3, second, 5)
        entry.edits = [
            LoggedEdit(4, try #require(RefName("a/b")), from: nil, to: first),
            LoggedEdit(9, try #require(RefName("a/c")), from: second, to: nil),
        ]
        entry.pins = LoggedPins(7, second)
        (entry.put, entry.measured) = (700, Measurement(8, bytes: 5000, put: 300))
        entry.collection = Collection(2, list: LogEntry.makeID(), parts: 7, .condemned)
        entry.saved = [ObjectName(first, .file), ObjectName(second, .commit)]
        self.entry = entry
    }

    @Test func `An entry is read as it was written`() throws {
        #expect(try LogEntry(parsing: entry.serialized()) == entry)
        #expect(Array(entry.ownEdits) == [entry.edits[1]])
        #expect(Array(entry.edits(behind: 3)) == entry.edits && entry.edits(behind: 9).isEmpty)
        let initial = LogEntry(after: nil, time: 1, author: "")
        #expect(try LogEntry(parsing: initial.serialized()) == initial)
        #expect(initial.id != LogEntry(after: nil, time: 1, author: "").id)
    }

    @Test func `The next entry has the next number and knows its predecessor`() throws {
        let read = try ReadEntry(parsing: entry.serialized(), sequence: 9)
        let next = LogEntry(after: read, time: 78, author: "")
        #expect(next.sequence == 10 && next.previous == read.digest && next.edits == entry.edits)
        #expect(next.ownEdits.isEmpty && next.saved == entry.saved)
        #expect(next.pins == entry.pins && !next.changesPins)
        #expect(next.storedBytes == 5400 && next.put == entry.put && !next.onlyMeasures)
        #expect(throws: RepositoryError.self) { _ = try ReadEntry(parsing: entry.serialized(), sequence: 8) }
    }

    @Test func `Edits out of order or behind the entry are refused, and so is what is no entry`() {
        var late = entry
        late.edits[1].sequence = 10
        var early = entry
        early.edits[0].sequence = 3
        var mixed = entry
        mixed.edits.swapAt(0, 1)
        var behind = entry
        behind.views = 2
        var swept = entry
        swept.collection?.sweeper = LogEntry.makeID()
        var pinned = entry
        pinned.pins?.sequence = 10
        var measured = entry
        measured.measured?.sequence = 10
        let bytes = entry.serialized()
        for bytes in [
            late.serialized(), early.serialized(), mixed.serialized(), behind.serialized(),
            swept.serialized(), pinned.serialized(), measured.serialized(), [],
            Array(bytes.dropLast()), [0],
        ] {
            #expect(throws: RepositoryError.self) { _ = try LogEntry(parsing: bytes) }
        }
    }

    @Test func `An entry of an earlier version has no pins, and its size is not known`() throws {
        let empty = Variant.bytes([])
        let fields: [(key: String, value: Variant)] = [
            ("id", .bytes(LogEntry.makeID())), ("sequence", .uint64(0)), ("previous", empty),
            ("time", .uint64(7)), ("by", .string("anna")), ("base", .uint64(0)), ("root", empty),
            ("views", .uint64(0)), ("edits", .array(of: LoggedEdit.type, [])),
        ]
        let old = try LogEntry(parsing: Variant.dictionary(fields).serialized(order: .little))
        #expect(old.author == "anna" && old.pins == nil && old.put == 0 && old.storedBytes == nil)
    }

    @Test func `Newer entries come first in lists, and other keys are none`() {
        let keys = [UInt64.max, 1 << 40, 17, 16, 1, 0].map(LogKey.name)
        #expect(keys == keys.sorted())
        #expect(keys.map(LogKey.sequence) == [UInt64.max, 1 << 40, 17, 16, 1, 0])
        for name in [
            "", "bst-artifact/log/", "bst-artifact/log/ff", "x/fffffffffffffff0",
            "bst-artifact/log/FFFFFFFFFFFFFFF0",
        ] {
            #expect(LogKey.sequence(of: name) == nil)
        }
    }

    @Test(arguments: [0, 1, 77, UInt64.max])
    func `A view has its number in blanks, which other programs strip`(_ sequence: UInt64) {
        let view = RefView(first, sequence: sequence)
        #expect(RefView(view.bytes) == view)
        let text = String(decoding: view.bytes, as: UTF8.self)
        #expect(text.split(whereSeparator: \.isWhitespace) == [first.hex[...]])
        #expect(RefView(Array("\(first)\n".utf8)) == RefView(first, sequence: 0))
        #expect(RefView(Array("<html>".utf8)) == nil)
        let gone = RefView(nil, sequence: sequence)
        #expect(RefView(gone.bytes) == gone)
        #expect(gone.bytes.starts(with: Array(Checksum.noCommit.utf8)))
    }
}
