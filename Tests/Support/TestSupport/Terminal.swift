// SPDX-License-Identifier: Apache-2.0

/// A terminal that programs run on.
public enum Terminal {
    /// Runs a program on a pseudo-terminal.
    ///
    /// - Parameters:
    ///   - columns: The width.
    ///   - newColumns: The width that it changes to; none if `nil`.
    ///   - keys: The keys that are typed then.
    ///   - text: The text that must have been shown before; any, if empty.
    /// - Returns: all that was written there, and a line `status N` where the program did not end well.
    public static func run(
        _ command: [String], columns: Int, then newColumns: Int? = nil, keys: String = "",
        after text: String = "",
        environment: [String: String?] = [:], timeout: Double = patience
    ) throws -> String {
        let program = #"""
            import fcntl, os, pty, struct, sys, termios

            def resize(terminal, columns):
                fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

            columns, new_columns, keys, text = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
            child, terminal = pty.fork()
            if child == 0:
                resize(2, columns)
                os.execvp(sys.argv[5], sys.argv[5:])
            seen, shown = False, b""
            while True:
                try:
                    data = os.read(terminal, 65536)
                except OSError:
                    break
                if not data:
                    break
                os.write(1, data)
                shown += data
                if not seen and text.encode() in shown:
                    seen = True
                    if new_columns:
                        resize(terminal, new_columns)
                    os.write(terminal, keys.encode())
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if status:
                print("status", status)
            """#
        let words =
            ["/usr/bin/python3", "-c", program, "\(columns)", "\(newColumns ?? 0)", keys, text] + command
        var variables: [String: String?] = ["TERM": "xterm", "NO_COLOR": nil]
        variables.merge(environment) { $1 }
        return try TestSupport.run(words, environment: variables, timeout: timeout).checked().text
    }
}
