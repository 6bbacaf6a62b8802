// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// A place in a bucket, written as `s3://BUCKET` or `s3://BUCKET/PREFIX`.
package struct S3Location: Hashable, Sendable, CustomStringConvertible {
    /// The bucket's name, of 3 to 63 characters.
    package let bucket: String
    /// The beginning of all keys of the place: empty, or with a slash at its end.
    package let prefix: String

    /// The longest prefix in bytes; keys have up to 1,024.
    private static let longestPrefix = 512

    /// Parses a place. Slashes at its end do not count.
    package init(_ text: String) throws(S3Error) {
        let shown = text.shownInMessage
        guard text.hasPrefix("s3://") else {
            throw S3Error(
                .invalidLocation,
                "cannot use '\(shown)' as a bucket: it does not begin with s3://, so write s3://BUCKET/PREFIX"
            )
        }
        let parts = text.utf8.dropFirst(5).split(
            separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(Substring(parts[0]))
        if let reason = S3Location.fault(ofBucket: Array(name.utf8)) {
            throw S3Error(
                .invalidLocation,
                "cannot use '\(shown)' as a bucket: \(reason), so write s3://BUCKET/PREFIX with the name of an "
                    + "existing bucket"
            )
        }
        bucket = name
        var path = parts.count > 1 ? Substring(parts[1]) : ""
        while path.utf8.last == UInt8(ascii: "/") { path = path.dropLast() }
        if let reason = S3Location.fault(ofPrefix: path) {
            throw S3Error(
                .invalidLocation,
                "cannot use '\(shown)' as a place in a bucket: \(reason): choose another prefix")
        }
        prefix = path.isEmpty ? "" : path + "/"
    }

    /// The location as it is written, without a slash at its end.
    package var description: String {
        prefix.isEmpty ? "s3://\(bucket)" : "s3://\(bucket)/\(prefix.dropLast())"
    }

    /// Returns the whole key of a name below the prefix.
    package func key(_ name: String) -> String { prefix + name }

    /// Returns an object's address in the form for messages.
    func shown(_ key: String) -> String { "s3://\(bucket)/\(PercentEncoding.encode(key, keeping: "/+:@=,"))" }

    /// The rules of AWS, which all stores accept. Names that look like IP addresses are not among them.
    private static func fault(ofBucket name: [UInt8]) -> String? {
        let dot = UInt8(ascii: ".")
        let isAllowed = name.allSatisfy { byte in
            byte.isASCIIDigit || byte.isASCIILetter && byte >= UInt8(ascii: "a") || byte == dot
                || byte == UInt8(ascii: "-")
        }
        guard (3...63).contains(name.count) else {
            return "the bucket's name does not have 3 to 63 characters"
        }
        guard isAllowed, name.first?.isASCIIAlphanumeric == true, name.last?.isASCIIAlphanumeric == true
        else {
            return
                "a bucket's name has lower-case letters, digits, dots and hyphens, and a letter or digit at each end"
        }
        guard !zip(name, name.dropFirst()).contains(where: { $0 == dot && $1 == dot }) else {
            return "the bucket's name has two dots side by side"
        }
        guard !name.allSatisfy({ $0.isASCIIDigit || $0 == dot }) else {
            return "the bucket's name looks like a number or an IP address"
        }
        return nil
    }

    private static func fault(ofPrefix path: Substring) -> String? {
        guard path.utf8.count <= longestPrefix else {
            return "its prefix has more than \(longestPrefix) bytes"
        }
        guard !path.utf8.contains(where: \.isASCIIControl) else { return "its prefix has control characters" }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard path.isEmpty || !parts.contains("") else { return "its prefix has an empty part" }
        guard !parts.contains("."), !parts.contains("..") else {
            return "its prefix has the part '.' or '..'"
        }
        return nil
    }
}
