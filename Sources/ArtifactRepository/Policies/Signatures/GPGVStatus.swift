// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// What `gpgv` says of one signature on its status descriptor, in lines like `[GNUPG:] GOODSIG …` (GnuPG's
/// `doc/DETAILS`).
///
/// The exit status alone does not do: it is 0 for signatures of expired keys too.
struct GPGVStatus {
    private let lines: [(keyword: String, fields: [Substring])]

    /// Reads the lines.
    init(_ output: [UInt8]) {
        lines = output.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard words.count >= 2, words[0] == "[GNUPG:]" else { return nil }
            return (String(words[1]), Array(words.dropFirst(2)))
        }
    }

    /// What is wrong with the signature; nil where it is good.
    func defect(keyring: String, exit: ChildProcess.Exit) -> String? {
        for (keyword, reason) in GPGVStatus.defects where has(keyword) { return reason }
        if has("NO_PUBKEY") { return "made with a key that \(keyring) lacks" }
        guard exit == .status(0), has("GOODSIG"), lines.count(where: { $0.keyword == "NEWSIG" }) == 1,
            let signatureClass
        else { return "malformed" }
        // A signature over text would stay good when line ends change.
        return signatureClass == "00" ? nil : "made over text and not over bytes"
    }

    private static let defects = [
        ("BADSIG", "made for something else"), ("EXPSIG", "expired"),
        ("EXPKEYSIG", "made with an expired key"),
        ("REVKEYSIG", "made with a revoked key"),
    ]

    private func has(_ keyword: String) -> Bool {
        lines.contains { $0.keyword == keyword }
    }

    /// The kind of the signature in hexadecimal digits: `00` over bytes, `01` over text.
    private var signatureClass: Substring? {
        guard let valid = lines.first(where: { $0.keyword == "VALIDSIG" }), valid.fields.count > 8 else {
            return nil
        }
        return valid.fields[8]
    }
}
