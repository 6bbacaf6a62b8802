// SPDX-License-Identifier: Apache-2.0

/// What of a file a client wants, and on what conditions: RFC 9110, sections 13 and 14.
public struct Conditions: Sendable, Equatable {
    /// `If-None-Match`
    public var ifNoneMatch: String?
    /// `If-Modified-Since`
    public var ifModifiedSince: String?
    /// `If-Range`
    public var ifRange: String?
    /// `Range`
    public var range: String?

    /// No conditions.
    public init() {}

    /// What is to be sent of something.
    public enum Part: Equatable, Sendable {
        /// All of it.
        case whole
        /// So many bytes from there on.
        case part(Range<UInt64>)
        /// Nothing, since it has no such bytes.
        case unsatisfiable
    }

    /// Whether the client has what it asks for.
    ///
    /// - Parameter modified: when it was changed, as the client was told; times are compared as text, and so equal a time
    ///   that came from here.
    public func isUnchanged(tag: String, modified: String?) -> Bool {
        if let ifNoneMatch {
            return ifNoneMatch.split(separator: ",").contains { candidate in
                let candidate = candidate.drop { $0 == " " || $0 == "\t" }
                    .reversed().drop { $0 == " " || $0 == "\t" }.reversed()
                let text = String(candidate)
                return text == "*" || text == tag || text == "W/\(tag)"
            }
        }
        return modified != nil && ifModifiedSince == modified
    }

    /// Which bytes are asked for. Several ranges at once are answered with everything, as is what is no range.
    public func part(of size: UInt64, tag: String, modified: String?) -> Part {
        guard let range, ifRange == nil || ifRange == tag || ifRange == modified,
            range.hasPrefix("bytes=")
        else { return .whole }
        let ends = range.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2 else { return .whole }
        switch (Conditions.number(ends[0]), Conditions.number(ends[1])) {
        case (let first?, let last):
            guard last != nil || ends[1].isEmpty, last ?? first >= first else { return .whole }
            guard first < size else { return .unsatisfiable }
            return .part(first..<(last.map { min($0, size - 1) } ?? size - 1) + 1)
        case (nil, let count?) where ends[0].isEmpty:
            guard count > 0, size > 0 else { return .unsatisfiable }
            return .part(size - min(count, size)..<size)
        default: return .whole
        }
    }

    /// A number of digits; one too large for any file is as large as can be.
    private static func number(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return UInt64(text) ?? .max
    }
}
