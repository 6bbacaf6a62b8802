// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import SystemCalls

/// What a request is answered.
public struct Answer: Sendable {
    /// What it brings.
    public enum Body: Sendable {
        /// Nothing.
        case none
        /// These bytes.
        case bytes([UInt8])
        /// So many bytes of a file, from an offset on.
        case file(Descriptor, offset: UInt64, count: UInt64)
    }

    /// The status, 200 for instance.
    public var status: UInt32
    /// Names and values of headers, without those that say how the body travels.
    public var headers: [(name: String, value: String)]
    /// What it brings.
    public var body: Body

    init(_ status: UInt32, headers: [(String, String)], body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A line of text.
    static func line(_ status: UInt32, _ text: String, headers: [(String, String)] = []) -> Answer {
        Answer(
            status, headers: headers + [("Content-Type", "text/plain; charset=utf-8")],
            body: .bytes(Array("\(text)\n".utf8)))
    }

    /// There is nothing of that name, or nothing that is served.
    static let notFound = Answer.line(404, "There is no such thing here.")

    /// The bytes that are asked for are behind the end.
    static func unsatisfiable(size: UInt64) -> Answer {
        .line(416, "It has \(size) bytes.", headers: [("Content-Range", "bytes */\(size)")])
    }

    /// Something that was made for this request, or an unchanged one.
    static func made(
        _ bytes: [UInt8], type: String, to request: Request, headers: [(String, String)] = []
    ) -> Answer {
        let tag = "\"\(hash(bytes))\""
        let headers = headers + [("ETag", tag), ("Cache-Control", "no-cache"), ("Content-Type", type)]
        if request.conditions.isUnchanged(tag: tag, modified: nil) {
            return Answer(304, headers: headers, body: .none)
        }
        return Answer(200, headers: headers, body: .bytes(bytes))
    }

    private static func hash(_ bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
        return Hexadecimal.text(digest.prefix(16))
    }

    /// How many bytes the body has.
    public var bodyCount: UInt64 {
        switch body {
        case .none: 0
        case .bytes(let bytes): UInt64(bytes.count)
        case .file(_, _, let count): count
        }
    }
}

/// Bytes in digits.
enum Hexadecimal {
    /// Two lower-case digits for each byte.
    static func text(_ bytes: some Collection<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
