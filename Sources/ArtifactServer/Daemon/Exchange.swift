// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// One request and what became of it. Only the thread that serves its connection touches it.
final class Exchange {
    let target: String
    var method = ""
    var version = ""
    var status: UInt32 = 0
    var bodyCount: UInt64 = 0
    var host: SocketAddress?
    var referrer: String?
    var agent: String?
    /// Whether its headers have been looked at.
    var hasBegun = false
    /// What is answered once all of the request has come.
    var answer: Answer?

    init(target: String) {
        self.target = target
    }

    /// The line of an access log in the combined format.
    func logLine(at time: Int) -> String {
        func quoted(_ text: String?) -> String { text.map(Exchange.escaped) ?? "-" }
        return "\(host?.host ?? "-") - - [\(HTTPDate.logText(time))] \"\(Exchange.escaped(method)) "
            + "\(Exchange.escaped(target)) \(Exchange.escaped(version))\" \(status) \(bodyCount) "
            + "\"\(quoted(referrer))\" \"\(quoted(agent))\"\n"
    }

    /// Text that neither ends a quotation nor a line, as nginx writes it.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if (0x20..<0x7f).contains(byte), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "\\x" + Hexadecimal.text([byte]).uppercased()
            }
        }
        return result
    }
}
