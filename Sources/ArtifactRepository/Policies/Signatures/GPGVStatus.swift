// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// The status output of `gpgv` about one signature, in lines like `[GNUPG:] GOODSIG …` (GnuPG's `doc/DETAILS`).
///
/// The exit status alone is not sufficient: it is 0 for signatures of expired keys, too.
struct GPGVStatus {
    private let lines: [(keyword: String, fields: [Substring])]

    /// Parses the output.
    init(_ output: [UInt8]) {
        lines = output.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard words.count >= 2, words[0] == "[GNUPG:]" else { return nil }
            return (String(words[1]), Array(words.dropFirst(2)))
        }
    }

    /// The reason why the signature is not good; nil if it is.
    func defect(keyring: String, exit: ChildProcess.Exit) -> String? {
        for (keyword, reason) in GPGVStatus.defects where has(keyword) { return reason }
        if has("NO_PUBKEY") { return "made with a key that \(keyring) lacks" }
        guard exit == .status(0), has("GOODSIG"), lines.count(where: { $0.keyword == "NEWSIG" }) == 1,
            let signatureClass
        else { return "malformed" }
        // A signature over text remains valid if line endings change.
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

    /// The signature's class in hexadecimal digits: `00` over bytes, `01` over text.
    private var signatureClass: Substring? {
        guard let valid = lines.first(where: { $0.keyword == "VALIDSIG" }), valid.fields.count > 8 else {
            return nil
        }
        return valid.fields[8]
    }
}
