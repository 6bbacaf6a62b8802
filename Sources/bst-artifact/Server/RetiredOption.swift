// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import TextCoding

/// An option that receivers had in earlier releases, in a command that starts one.
struct RetiredOption {
    /// The option, as it stands in the command.
    let text: String
    /// What to write in its place; nil where the command has that already.
    let successor: String?

    /// - Returns: nil where the command has none.
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

    /// Looks at the `command="..."` of each line of `authorized_keys`.
    static func inKeys(_ lines: [String]) -> RetiredOption? {
        for line in lines where !line.hasPrefix("#") {
            guard let command = command(ofKey: line) else { continue }
            if let option = command.shellWords.flatMap(RetiredOption.init) { return option }
        }
        return nil
    }

    /// The command that sshd starts for a key; a quote inside is written `\"`.
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

    /// What is wrong with having it.
    var finding: String {
        let rest = successor.map { ", and the receiver takes \($0) in its place" } ?? ""
        return "the receiver's option \(text.forDisplay()) is gone\(rest)"
    }

    func remedy(in file: String) -> String {
        let change = successor.map { "write \($0) in its place" } ?? "take it out"
        return "\(change) in \(file)"
    }
}
