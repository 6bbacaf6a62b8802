// SPDX-License-Identifier: Apache-2.0

import CGLib

extension String {
    /// The words of a command, split as a shell does; nil where there are none, or quotation marks do not match.
    package var shellWords: [String]? {
        var count: Int32 = 0
        var vector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        guard g_shell_parse_argv(self, &count, &vector, nil) != 0, let vector else { return nil }
        defer { g_strfreev(vector) }
        return (0..<Int(count)).compactMap { vector[$0].map { String(cString: $0) } }
    }

    /// The text as a word that a shell takes literally, in quotation marks where it needs them.
    package var shellQuoted: String {
        let isPlain = utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._/=+,@:".utf8.contains(byte)
            }
        }
        if isPlain && !isEmpty { return self }
        var result = "'"
        for scalar in unicodeScalars {
            if scalar == "'" { result += "'\\''" } else { result.unicodeScalars.append(scalar) }
        }
        return result + "'"
    }
}
