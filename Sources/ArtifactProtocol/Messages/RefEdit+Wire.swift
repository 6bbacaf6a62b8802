// SPDX-License-Identifier: Apache-2.0

import Variants

// The bodies of `update`, `delete` and `results`: see docs/PROTOCOL.md. Sixty-four zeros stand for no commit.

extension RefEdit {
    /// Reads the body of an `update`; a ref may stand in it once.
    static func updates(body: Variant) throws(ProtocolError) -> [RefEdit] {
        let edits = try (0..<body.count).map { (index) throws(ProtocolError) in
            let entry = body[index]
            let name = entry[0].string ?? ""
            let value = entry[1].unboxed
            let ref = try RefName(received: name)
            guard value.typeString == "(ss)", let old = value[0].string, let new = value[1].string else {
                throw ProtocolError(
                    .malformed,
                    "the peer's update of ref \(ref.text.forDisplay()) is of type "
                        + "\(value.typeString.forDisplay(limit: 40)), not (ss)")
            }
            let previous: PreviousValue =
                old == Checksum.noCommit ? .mustNotExist : .mustMatch(try Checksum(received: old, of: name))
            guard new != Checksum.noCommit else {
                throw ProtocolError(
                    .malformed,
                    "the peer wants ref \(ref) removed, which cannot be asked for in this protocol")
            }
            return RefEdit(ref, from: previous, to: try Checksum(received: new, of: name))
        }
        try requireUniqueRefs(edits, in: "update")
        return edits
    }

    private static func requireUniqueRefs(_ edits: [RefEdit], in message: String) throws(ProtocolError) {
        var seen: Set<RefName> = []
        for edit in edits where !seen.insert(edit.ref).inserted {
            throw ProtocolError(.malformed, "the peer's \(message) names ref \(edit.ref) twice")
        }
    }

    static func updateBody(_ edits: [RefEdit]) -> [UInt8] {
        let size = edits.reduce(FrameHeader.maximumByteCount) { $0 + $1.maximumEncodedSize }
        var body = StringTuples(count: edits.count, size: size)
        for edit in edits {
            body.append(
                key: edit.ref.text,
                boxing: Checksum.hexOrZeros(edit.previous.commit), Checksum.hexOrZeros(edit.new))
        }
        return body.serialized()
    }

    /// The most bytes that this adds to the body of an `update`: key, padding, two commits, their framing, and the
    /// dictionary's offset.
    public var maximumEncodedSize: Int { ref.text.utf8.count + 1 + 7 + 65 + 65 + 2 + 6 + 2 + 7 + 2 }

    /// Reads the body of a `delete`; a ref may stand in it once.
    static func deletions(body: Variant) throws(ProtocolError) -> [RefEdit] {
        guard let list = body.entry("refs"), list.typeString == "a(ss)" else {
            throw ProtocolError(.malformed, "the peer's delete lists no refs (key refs, type a(ss))")
        }
        let edits = try (0..<list.count).map { (index) throws(ProtocolError) in
            let ref = try RefName(received: list[index][0].string ?? "")
            let commit = try Checksum(received: list[index][1].string ?? "", of: ref.text)
            return RefEdit(ref, from: .mustMatch(commit), to: nil)
        }
        try requireUniqueRefs(edits, in: "delete")
        return edits
    }

    static func deletionBody(_ edits: [RefEdit]) -> Variant {
        let list = edits.map {
            Variant.tuple([.string($0.ref.text), .string(Checksum.hexOrZeros($0.previous.commit))])
        }
        return .dictionary([("refs", Variant.array(of: "(ss)", list))])
    }
}

extension RefEditResult {
    /// Reads the body of `results`, which tells where each ref is now.
    static func list(body: Variant) throws(ProtocolError) -> [RefEditResult] {
        guard let list = body.entry("refs"), list.typeString == "a(sss)" else {
            throw ProtocolError(.malformed, "the peer's results list no refs (key refs, type a(sss))")
        }
        return try (0..<list.count).map { (index) throws(ProtocolError) in
            let entry = list[index]
            let ref = try RefName(received: entry[0].string ?? "")
            let word = entry[1].string ?? ""
            let commit = try Checksum(received: entry[2].string ?? "", of: ref.text)
            switch Outcome(rawValue: word) {
            case .moved: return RefEditResult(ref, .moved, from: nil, to: commit)
            case .unchanged: return RefEditResult(ref, .unchanged, from: commit, to: commit)
            case .kept: return RefEditResult(ref, .kept, from: commit, to: nil)
            case .diverged, .sent, nil:
                throw ProtocolError(
                    .malformed,
                    "the peer says that ref \(ref) was '\(word.forDisplay(limit: 40))', which is not known here"
                )
            }
        }
    }

    static func body(_ results: [RefEditResult]) -> Variant {
        let size = results.reduce(0) { size, result in
            size + result.ref.text.utf8.count + result.outcome.rawValue.utf8.count + 2 * Checksum.byteCount
                + 16
        }
        var list = StringTuples(count: results.count, size: size)
        for result in results {
            let current = result.outcome == .kept ? result.old : result.new
            list.append(result.ref.text, result.outcome.rawValue, Checksum.hexOrZeros(current))
        }
        return .dictionary([("refs", Variant(trusting: list.serialized(), as: "a(sss)"))])
    }
}
