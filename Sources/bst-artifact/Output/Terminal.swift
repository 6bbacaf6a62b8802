// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// The program's output: results on standard output, everything else on standard error.
///
/// Each text becomes one line. Unprintable characters are escaped here, in every message.
struct Terminal {
    enum Form {
        case people, quiet, json
    }

    let form: Form

    /// Prints a result for people, unless `--quiet` is given. If this fails, the work continues, and `Results.finish` reports
    /// the failure.
    func say(_ text: String) {
        if form == .people { Results.write(text.forDisplay(limit: .max)) }
    }

    /// Prints the result that a command is for, also with `--quiet`. If this fails, the program ends.
    func print(_ text: String) {
        if form == .json { return }
        Results.write(text.forDisplay(limit: .max))
        Results.finish()
    }

    /// Prints a result as JSON, with `--json` only. If this fails, the program ends.
    func emit(_ json: @autoclosure () -> JSON) {
        if form != .json { return }
        Results.write(json())
        Results.finish()
    }

    func warn(_ text: String) {
        Terminal.write(Terminal.coloured("warning:", "33"), text)
    }

    /// Warns about refs that could not be listed.
    func warn(about leftOut: [RefListing.LeftOut]) {
        for ref in leftOut { warn("ref \(ref.name.forDisplay()) is left out: \(ref.reason)") }
    }

    /// Prints an error, after which the program continues.
    func fail(_ text: String) {
        Terminal.fail(text)
    }

    static func fail(_ text: String) {
        write(coloured("Error:", "31"), text)
    }

    /// Returns lines for showing progress, which do nothing unless standard error is a terminal.
    func progress(_ title: String) -> ProgressLines {
        ProgressLines(title, isShown: form == .people && Terminal.canMove)
    }

    /// Indicates that standard error is a terminal that can move its cursor.
    static var canMove: Bool {
        Descriptor.standardError.isTerminal && Environment["TERM"] ?? "dumb" != "dumb"
    }

    /// Colours a text on terminals, unless NO_COLOR is set (https://no-color.org).
    private static func coloured(_ text: String, _ colour: String) -> String {
        guard canMove, (Environment["NO_COLOR"] ?? "").isEmpty else { return text }
        return "\u{1b}[1;\(colour)m\(text)\u{1b}[0m"
    }

    private static func write(_ mark: String, _ text: String) {
        // A failure could not be reported anywhere.
        try? Descriptor.standardError.writeAll(Array("\(mark) \(text.forDisplay(limit: .max))\n".utf8))
    }
}
