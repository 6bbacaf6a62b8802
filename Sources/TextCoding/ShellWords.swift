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
        let isPlain = utf8.allSatisfy { $0.isASCIIAlphanumeric || "-._/=+,@:".utf8.contains($0) }
        if isPlain && !isEmpty { return self }
        guard let quoted = g_shell_quote(self) else { return self }
        defer { g_free(quoted) }
        return String(cString: quoted)
    }
}
