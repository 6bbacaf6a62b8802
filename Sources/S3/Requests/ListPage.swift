// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// A page of keys, in the order of their UTF-8 bytes.
package struct ListPage: Equatable, Sendable {
    /// An object in a page.
    package struct Entry: Equatable, Sendable {
        /// The whole key.
        package let key: String
        /// The attributes.
        package let attributes: ObjectAttributes
    }

    /// The objects.
    package var entries: [Entry] = []
    /// The beginnings of keys up to the delimiter, which stand for all objects behind them.
    package var commonPrefixes: [String] = []
    /// The token for the next page; nil on the last one.
    package var continuation: String?

    /// Parses the answer of `ListObjectsV2`; nil where it is no such answer.
    init?(xml bytes: [UInt8]) {
        var isResult = false
        var isTruncated = false
        var isEncoded = false
        var fields: [String: String] = [:]
        var entries: [[String: String]] = []
        let isWellFormed = XMLText.read(bytes) { path, text in
            guard path.first == "ListBucketResult" else { return }
            isResult = true
            switch path.dropFirst() {
            case ["IsTruncated"]: isTruncated = text == "true"
            case ["EncodingType"]: isEncoded = text == "url"
            case ["NextContinuationToken"]: continuation = text
            case ["CommonPrefixes", "Prefix"]: commonPrefixes.append(text)
            case ["Contents"]:
                entries.append(fields)
                fields = [:]
            case let inner where inner.count == 2 && inner.first == "Contents": fields[path[2]] = text
            default: break
            }
        }
        guard isWellFormed, isResult, !isTruncated || continuation?.isEmpty == false else { return nil }
        if !isTruncated { continuation = nil }
        for fields in entries {
            guard let key = fields["Key"].flatMap({ ListPage.decoded($0, isEncoded) }) else { return nil }
            self.entries.append(
                Entry(
                    key: key,
                    attributes: ObjectAttributes(
                        etag: fields["ETag"].flatMap { ETag($0) },
                        size: fields["Size"].flatMap { UInt64($0) },
                        modified: fields["LastModified"].flatMap(Timestamp.seconds))))
        }
        let prefixes = commonPrefixes.compactMap { ListPage.decoded($0, isEncoded) }
        guard prefixes.count == commonPrefixes.count else { return nil }
        commonPrefixes = prefixes
    }

    /// Stores write a space as `+` or `%20`, and a plus as `%2B`.
    private static func decoded(_ text: String, _ isEncoded: Bool) -> String? {
        guard isEncoded else { return text }
        let bytes = text.utf8.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        return PercentEncoding.decode(bytes).map { String(decoding: $0, as: UTF8.self) }
    }
}
