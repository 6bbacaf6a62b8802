// SPDX-License-Identifier: Apache-2.0

/// The headers of conditional and range requests: RFC 9110, sections 13 and 14.
public struct ConditionalHeaders: Sendable, Equatable {
    /// `If-None-Match`
    public var ifNoneMatch: String?
    /// `If-Modified-Since`
    public var ifModifiedSince: String?
    /// `If-Range`
    public var ifRange: String?
    /// `Range`
    public var range: String?

    /// Headers of a request without conditions.
    public init() {}

    /// The part of a content that a client asks for.
    public enum Part: Equatable, Sendable {
        /// The whole content.
        case whole
        /// A range of bytes.
        case part(Range<UInt64>)
        /// A range of which the content has no byte.
        case unsatisfiable
    }

    /// Returns true if the client's copy is current.
    ///
    /// - Parameter modified: the value of `Last-Modified`. Clients send it back as it is, so it is compared as text.
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

    /// Returns the requested part. Several ranges at once, and malformed ones, count as the whole content.
    public func part(of size: UInt64, tag: String, modified: String?) -> Part {
        guard let range, ifRange == nil || ifRange == tag || ifRange == modified,
            range.hasPrefix("bytes=")
        else { return .whole }
        let ends = range.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2 else { return .whole }
        switch (ConditionalHeaders.number(ends[0]), ConditionalHeaders.number(ends[1])) {
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

    /// Reads a decimal number; one that overflows counts as the largest.
    private static func number(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return UInt64(text) ?? .max
    }
}
