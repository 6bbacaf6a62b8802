// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// The state of one request, used only by the thread of its connection.
final class Exchange {
    let target: String
    var method = ""
    var version = ""
    var status: UInt32 = 0
    var bodyCount: UInt64 = 0
    var host: SocketAddress?
    var referrer: String?
    var agent: String?
    /// Indicates that the headers have been handled.
    var hasBegun = false
    /// The request and its body so far, if it may have one.
    var upload: (request: Request, body: [UInt8])?
    /// Indicates that the body has more bytes than are taken.
    var isTooLarge = false
    /// The objects that are sent.
    var objects: ObjectStream?
    /// The response, sent once the request is complete.
    var response: Response?

    init(target: String) {
        self.target = target
    }

    /// Returns the line for an access log in the combined format.
    func logLine(at time: Int) -> String {
        func quoted(_ text: String?) -> String { text.map(Exchange.escaped) ?? "-" }
        return "\(host?.host ?? "-") - - [\(HTTPDate.logText(time))] \"\(Exchange.escaped(method)) "
            + "\(Exchange.escaped(target)) \(Exchange.escaped(version))\" \(status) \(bodyCount) "
            + "\"\(quoted(referrer))\" \"\(quoted(agent))\"\n"
    }

    /// Escapes quotes and control characters as nginx does.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if (0x20..<0x7f).contains(byte), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}
