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
}
