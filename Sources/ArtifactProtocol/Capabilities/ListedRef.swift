// SPDX-License-Identifier: Apache-2.0

import Variants

/// The body of `list`: the refs that a client asks for.
public struct RefQuery: Equatable, Sendable {
    /// Shell-style patterns, of which a ref must match one; `*` also matches slashes. None stands for all refs.
    public var patterns: [String]
    /// Asks for the size and time of each commit.
    public var hasDetails: Bool

    /// The most patterns of a query.
    static let patternLimit = 1000

    /// Asks for refs.
    public init(patterns: [String] = [], hasDetails: Bool = false) {
        (self.patterns, self.hasDetails) = (patterns, hasDetails)
    }

    init(body: Variant) throws(ProtocolError) {
        let list = body.entry("patterns")
        let patterns =
            list.map { list in (0..<list.count).map { list[$0].string ?? "" } } ?? []
        guard list?.typeString ?? "as" == "as", patterns.count <= RefQuery.patternLimit else {
            throw ProtocolError(
                .malformed,
                "the peer's list has other patterns than up to \(RefQuery.patternLimit) strings (key patterns, type as)"
            )
        }
        self.init(patterns: patterns, hasDetails: body.entry("details")?.bool ?? false)
    }

    var body: Variant {
        .dictionary([
            ("patterns", Variant.array(of: "s", patterns.map(Variant.string))),
            ("details", .bool(hasDetails)),
        ])
    }
}

/// A ref in the answer to `list`.
public struct ListedRef: Equatable, Sendable {
    /// The ref.
    public var ref: RefName
    /// Its commit.
    public var commit: Checksum
    /// The size of the commit object in bytes; 0 if it was not asked for.
    public var commitSize: UInt64
    /// The commit's time in seconds since 1970; 0 if it was not asked for.
    public var timestamp: UInt64

    /// Describes a ref.
    public init(_ ref: RefName, _ commit: Checksum, commitSize: UInt64 = 0, timestamp: UInt64 = 0) {
        (self.ref, self.commit) = (ref, commit)
        (self.commitSize, self.timestamp) = (commitSize, timestamp)
    }

    /// An upper bound of its bytes in the body of `refs`: two strings with their NULs, two numbers, alignment, and framing
    /// offsets of at most 4 bytes each.
    package var maximumEncodedSize: Int { ref.text.utf8.count + 1 + 2 * Checksum.byteCount + 1 + 16 + 8 + 12 }

    static func list(body: Variant) throws(ProtocolError) -> [ListedRef] {
        guard let list = body.entry("refs"), list.typeString == "a(sstt)" else {
            throw ProtocolError(.malformed, "the peer's refs are no list (key refs, type a(sstt))")
        }
        return try (0..<list.count).map { (index) throws(ProtocolError) in
            let entry = list[index]
            let ref = try RefName(received: entry[0].string ?? "")
            let commit = try Checksum(received: entry[1].string ?? "", of: ref.text)
            return ListedRef(
                ref, commit, commitSize: entry[2].uint64 ?? 0, timestamp: entry[3].uint64 ?? 0)
        }
    }

    static func body(_ refs: [ListedRef]) -> Variant {
        let list = refs.map {
            Variant.tuple([
                .string($0.ref.text), .string($0.commit.hex), .uint64($0.commitSize), .uint64($0.timestamp),
            ])
        }
        return .dictionary([("refs", Variant.array(of: "(sstt)", list))])
    }
}
