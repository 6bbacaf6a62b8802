// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Variants

/// An entry of the log: a publication, or a step of a collection of garbage. See docs/bucket-format.md.
package struct LogEntry: Equatable, Sendable {
    /// Random bytes, by which a writer whose answer was lost knows its own entry.
    package var id: [UInt8]
    /// Its number, one more than its predecessor's.
    package var sequence: UInt64
    /// The SHA-256 of the predecessor's bytes; nil for the first one.
    package var previous: Checksum?
    /// Its time in seconds since 1970. Decides nothing.
    package var time: UInt64
    /// The writer, for people.
    package var author: String
    /// The last entry whose edits are in the state.
    package var base: UInt64
    /// The root of the state; nil for an empty one.
    package var root: Checksum?
    /// The number of the entry up to which its writer found the views written; never less than `base`.
    package var views: UInt64
    /// All edits behind `base`, in order; those of this entry last.
    package var edits: [LoggedEdit]
    /// The pins; nil where there never were any.
    package var pins: LoggedPins?
    /// The bytes of objects that publications have put so far.
    package var put: UInt64
    /// The size of all objects as it was found last; nil where nobody has looked.
    package var measured: Measurement?
    /// The last collection; nil before the first.
    package var collection: Collection?
    /// Objects that the last collection has condemned and that publications behind it rely on.
    package var saved: Set<ObjectName>

    /// The largest entry in bytes.
    package static let maximumSize = 8 << 20
    /// The number of bytes of `id`.
    static let idSize = 16

    /// Makes random bytes that nobody else has.
    package static func makeID() -> [UInt8] { (0..<idSize).map { _ in .random(in: 0...255) } }

    /// Describes the entry behind another one, with the same refs, pins and collection; the first one where there is none.
    package init(after previous: ReadEntry?, id: [UInt8] = LogEntry.makeID(), time: UInt64, author: String) {
        self.id = id
        self.time = time
        self.author = author
        guard let previous else {
            (sequence, base, views, edits, put, saved) = (0, 0, 0, [], 0, [])
            return
        }
        let entry = previous.entry
        (sequence, self.previous) = (entry.sequence + 1, previous.digest)
        (base, root, edits, views) = (entry.base, entry.root, entry.edits, entry.views)
        (pins, put, measured) = (entry.pins, entry.put, entry.measured)
        (collection, saved) = (entry.collection, entry.saved)
    }

    /// The edits that this entry itself has made.
    package var ownEdits: ArraySlice<LoggedEdit> { edits(behind: sequence - (sequence == 0 ? 0 : 1)) }

    /// The edits of the entries behind one.
    package func edits(behind sequence: UInt64) -> ArraySlice<LoggedEdit> {
        edits[(edits.firstIndex { $0.sequence > sequence } ?? edits.endIndex)...]
    }

    /// The size of all objects in bytes, as far as it is known: that which was found last, and what publications have put since then.
    package var storedBytes: UInt64? {
        measured.map { measured in
            let (sum, overflow) = measured.bytes.addingReportingOverflow(put - min(put, measured.put))
            return overflow ? .max : sum
        }
    }

    /// Indicates that this entry does nothing but to say how large all objects are.
    package var onlyMeasures: Bool { sequence > 0 && measured?.sequence == sequence && phase == .swept }

    /// Notes bytes of objects that this publication has put.
    package mutating func notePut(_ bytes: UInt64) { put += min(bytes, .max - put) }

    /// Notes what a list of all objects has found.
    ///
    /// - Parameter before: the entry that was the newest one before the list began.
    package mutating func measure(_ bytes: UInt64, since before: LogEntry) {
        measured = Measurement(sequence, bytes: bytes, put: before.put)
    }

    /// Indicates that this entry itself has changed the pins.
    package var changesPins: Bool { pins?.sequence == sequence }

    /// The number of the last collection; 0 before the first one.
    package var collectionNumber: UInt64 { collection?.number ?? 0 }

    /// The phase of the last collection.
    package var phase: Collection.Phase { collection?.phase ?? .swept }

    /// Adds the edits of results that have moved a ref.
    package mutating func append(_ results: [RefEditResult]) {
        for result in results where result.outcome == .moved && result.old != result.new {
            edits.append(LoggedEdit(sequence, result.ref, from: result.old, to: result.new))
        }
    }

    private static let savedType = "(say)"

    /// The serialised form.
    package func serialized() -> [UInt8] {
        var fields: [(key: String, value: Variant)] = [
            ("id", .bytes(id)), ("sequence", .uint64(sequence)), ("previous", .bytes(previous?.bytes ?? [])),
            ("time", .uint64(time)), ("by", .string(author)), ("base", .uint64(base)),
            ("root", .bytes(root?.bytes ?? [])), ("views", .uint64(views)),
            ("edits", .array(of: LoggedEdit.type, edits.map(\.value))), ("put", .uint64(put)),
        ]
        if let measured { fields.append(("measured", measured.value)) }
        if let pins { fields.append(("pins", pins.value)) }
        if let collection {
            let saved = saved.sorted { ($0.checksum, $0.type.rawValue) < ($1.checksum, $1.type.rawValue) }
            fields.append(("collection", collection.value))
            fields.append(
                (
                    "saved",
                    .array(
                        of: LogEntry.savedType,
                        saved.map { .tuple([.string($0.type.rawValue), .bytes($0.checksum.bytes)]) })
                ))
        }
        return Variant.dictionary(fields).serialized(order: .little)
    }
}

// MARK: Reading

extension LogEntry {
    /// Reads an entry.
    ///
    /// - Throws: `RepositoryError` with `badObject` where it is malformed.
    package init(parsing bytes: [UInt8]) throws(RepositoryError) {
        func damaged(_ reason: String) -> RepositoryError { .damaged("an entry of the log", reason) }
        let body: Variant
        do { body = try Variant(parsing: bytes, as: "a{sv}", order: .little) } catch {
            throw damaged("it is no dictionary")
        }
        guard let id = body.entry("id")?.bytes, id.count == LogEntry.idSize,
            let sequence = body.entry("sequence")?.uint64, let base = body.entry("base")?.uint64,
            base <= sequence, let views = body.entry("views")?.uint64, base <= views, views <= sequence,
            let previous = body.entry("previous").flatMap({ OptionalChecksum($0) }),
            let root = body.entry("root").flatMap({ OptionalChecksum($0) }),
            let edits = body.entry("edits"), edits.typeString == "a\(LoggedEdit.type)"
        else { throw damaged("a field is missing, or of another type or value") }
        self.id = id
        (self.sequence, self.previous) = (sequence, previous.checksum)
        (self.base, self.root, self.views) = (base, root.checksum, views)
        time = body.entry("time")?.uint64 ?? 0
        author = body.entry("by")?.string ?? ""
        self.edits = (0..<edits.count).compactMap { LoggedEdit(edits[$0]) }
        let numbers = self.edits.map(\.sequence)
        guard self.edits.count == edits.count, zip(numbers, numbers.dropFirst()).allSatisfy({ $0 <= $1 }),
            numbers.first.map({ $0 > base }) ?? true, numbers.last.map({ $0 <= sequence }) ?? true
        else { throw damaged("an edit is malformed, or out of order") }
        // Entries of earlier versions have neither.
        put = body.entry("put")?.uint64 ?? 0
        if let value = body.entry("measured") {
            guard let measured = Measurement(value), measured.sequence <= sequence else {
                throw damaged("its size of all objects is malformed")
            }
            self.measured = measured
        }
        (pins, collection, saved) = (nil, nil, [])
        if let value = body.entry("pins") {
            guard let pins = LoggedPins(value), pins.sequence <= sequence else {
                throw damaged("its pins are malformed")
            }
            self.pins = pins
        }
        guard let value = body.entry("collection") else { return }
        guard let collection = Collection(value), let names = body.entry("saved"),
            names.typeString == "a\(LogEntry.savedType)"
        else { throw damaged("its collection is malformed") }
        self.collection = collection
        for index in 0..<names.count {
            guard let type = names[index][0].string.flatMap(ObjectType.init(rawValue:)),
                let checksum = names[index][1].withBytes({ Checksum(bytes: $0) }) ?? nil
            else { throw damaged("a saved object is malformed") }
            saved.insert(ObjectName(checksum, type))
        }
    }
}

/// An entry as it was read, with the digest that its successor names.
package struct ReadEntry: Sendable {
    /// The entry.
    package let entry: LogEntry
    /// The SHA-256 of its bytes.
    package let digest: Checksum

    /// Reads an entry.
    ///
    /// - Throws: `RepositoryError` with `badObject` where it is malformed, or has another number than its key says.
    init(parsing bytes: [UInt8], sequence: UInt64) throws(RepositoryError) {
        entry = try LogEntry(parsing: bytes)
        guard entry.sequence == sequence else {
            throw .damaged(
                "an entry of the log",
                "the number \(entry.sequence) in it is not that of its key, \(sequence)")
        }
        digest = Digest(of: bytes).finish()
    }
}
