// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// What people and programs see: results on standard output, everything else on standard error.
///
/// A text is one line, whatever the names in it: what is not printable is escaped here, for everything that is said.
struct Terminal {
    /// Who reads the results.
    enum Form {
        case people, quiet, json
    }

    let form: Form

    /// Results, for people; `--quiet` silences them. Where they cannot be written, the work goes on, and `Results.finish`
    /// reports that.
    func say(_ text: String) {
        if form == .people { Results.write(text.forDisplay(limit: .max)) }
    }

    /// Prints the result that a command was asked for, which `--quiet` does not silence. Where it cannot be written, that is the end.
    func print(_ text: String) {
        if form == .json { return }
        Results.write(text.forDisplay(limit: .max))
        Results.finish()
    }

    /// Results, for programs: one line. Where it cannot be written, that is the end.
    func emit(_ json: @autoclosure () -> JSON) {
        if form != .json { return }
        Results.write(json().text)
        Results.finish()
    }

    /// Something that is worth knowing and is no failure.
    func warn(_ text: String) {
        Terminal.write(Terminal.coloured("warning:", "33"), text)
    }

    /// What went wrong while something else goes on.
    func fail(_ text: String) {
        Terminal.fail(text)
    }

    /// What went wrong.
    static func fail(_ text: String) {
        write(coloured("Error:", "31"), text)
    }

    /// Lines that are written over and over while something long goes on; nothing unless standard error is a terminal.
    func progress(_ title: String) -> ProgressLines {
        ProgressLines(title, isShown: form == .people && Terminal.canMove)
    }

    /// Whether somebody watches whose terminal can move its cursor.
    static var canMove: Bool {
        Descriptor.standardError.isTerminal && Environment["TERM"] ?? "dumb" != "dumb"
    }

    /// Colours are for terminals, and for those who have not set NO_COLOR (https://no-color.org).
    private static func coloured(_ text: String, _ colour: String) -> String {
        guard canMove, (Environment["NO_COLOR"] ?? "").isEmpty else { return text }
        return "\u{1b}[1;\(colour)m\(text)\u{1b}[0m"
    }

    private static func write(_ mark: String, _ text: String) {
        // Nobody could be told of a failure.
        try? Descriptor.standardError.writeAll(Array("\(mark) \(text.forDisplay(limit: .max))\n".utf8))
    }
}
