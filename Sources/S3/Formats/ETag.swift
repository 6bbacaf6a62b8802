// SPDX-License-Identifier: Apache-2.0

/// The store's name for the content of one version of an object.
///
/// It is compared, never computed: for large or encrypted objects it is not the MD5 of the content.
package struct ETag: Hashable, Sendable, CustomStringConvertible {
    /// The forms in which `If-Match` carries an ETag.
    package enum Form: Sendable, CaseIterable {
        /// As the store's own documentation of `aws s3api put-object --if-match` has it. The only form that Ceph 16
        /// knows.
        case unquoted
        /// As RFC 9110 has it.
        case quoted
    }

    /// The text without quotation marks.
    package let text: String

    /// Takes an ETag, with quotation marks or without; nil where it is empty or could not stand in a header.
    package init?(_ text: String) {
        let text =
            text.utf8.first == UInt8(ascii: "\"") && text.utf8.count > 1
            ? String(text.dropFirst().dropLast()) : text
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21..<0x7f).contains($0) && $0 != UInt8(ascii: "\"") })
        else {
            return nil
        }
        self.text = text
    }

    /// The text without quotation marks.
    package var description: String { text }

    func headerValue(_ form: Form) -> String { form == .quoted ? "\"\(text)\"" : text }
}
