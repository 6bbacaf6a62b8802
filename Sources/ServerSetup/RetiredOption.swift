// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import TextCoding

/// The use of a removed option, `--existing`, in a command that starts the receiver.
struct RetiredOption {
    /// The option as it is written in the command.
    let text: String
    /// The replacement; nil if the command has it already.
    let successor: String?

    /// Finds the option in a command; nil if the command does not use it.
    init?(in words: [String]) {
        let name = "--existing"
        guard let place = words.firstIndex(where: { $0 == name || $0.hasPrefix("\(name)=") }) else {
            return nil
        }
        let isOneWord = words[place] != name
        let value =
            isOneWord
            ? String(words[place].dropFirst(name.count + 1)) : words.dropFirst(place + 1).first ?? ""
        text = isOneWord || value.isEmpty ? words[place] : "\(name) \(value)"
        let hasSuccessor = words.contains { $0 == "--moves" || $0.hasPrefix("--moves=") }
        successor = hasSuccessor ? nil : "--moves \(ExistingRefs(rawValue: value)?.successor ?? .artifacts)"
    }

    /// Finds the option in the `command="..."` of a line of `authorized_keys`.
    init?(in key: AuthorizedKey) {
        guard !key.line.hasPrefix("#"), let command = RetiredOption.command(ofKey: key.line),
            let words = command.shellWords
        else { return nil }
        self.init(in: words)
    }

    /// Returns the command that sshd starts for a key. Quotes inside are escaped as `\"`.
    private static func command(ofKey line: String) -> String? {
        let start = "command=\""
        guard let begin = line.indices.first(where: { line[$0...].hasPrefix(start) }) else { return nil }
        var command = ""
        var isEscaped = false
        for character in line[begin...].dropFirst(start.count) {
            if character == "\"" && !isEscaped { return command }
            if isEscaped && character != "\"" { command.append("\\") }
            isEscaped = character == "\\" && !isEscaped
            if !isEscaped { command.append(character) }
        }
        return nil
    }

    /// The text of a finding about it.
    var finding: String {
        let rest = successor.map { ", and the receiver takes \($0) in its place" } ?? ""
        return "the receiver's option \(text.forDisplay()) is gone\(rest)"
    }

    func remedy(in file: String) -> String {
        let change = successor.map { "write \($0) in its place" } ?? "take it out"
        return "\(change) in \(file)"
    }
}
