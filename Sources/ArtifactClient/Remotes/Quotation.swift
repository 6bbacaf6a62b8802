// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Text from outside as it may stand in a message.
enum Quotation {
    /// `text` on one line, what is not printable escaped, what is very long cut short.
    static func escaped(_ text: String) -> String {
        text.forDisplay()
    }

    /// `text` escaped and in single quotation marks.
    static func quoted(_ text: String) -> String {
        "'" + escaped(text) + "'"
    }
}
