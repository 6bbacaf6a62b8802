// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What somebody may have meant who misspelt something.
enum Suggestions {
    /// `: did you mean ‘push’?` or nothing, to be added to a message.
    static func text(for word: String, among names: some Sequence<String>) -> String {
        nearest(to: word, among: names).map { ": did you mean '\($0)'?" } ?? ""
    }

    /// The name that is most like `word`, if one is like it at all: about one letter in three may differ.
    static func nearest(to word: String, among names: some Sequence<String>) -> String? {
        let limit = max(1, word.utf8.count / 3)
        var best: (name: String, distance: Int)?
        for name in names where abs(name.utf8.count - word.utf8.count) <= limit {
            let found = distance(word, name)
            if found <= limit, found < best?.distance ?? .max { best = (name, found) }
        }
        return best?.name
    }

    /// How many letters must be added, removed, replaced, or exchanged with their neighbour.
    static func distance(_ first: String, _ second: String) -> Int {
        let (first, second) = (Array(first.utf8), Array(second.utf8))
        var before: [Int] = []
        var last = Array(0...second.count)
        for row in first.indices {
            var line = [row + 1]
            for column in second.indices {
                let isSame = first[row] == second[column]
                var cost = min(line[column] + 1, last[column + 1] + 1, last[column] + (isSame ? 0 : 1))
                let isExchanged =
                    row > 0 && column > 0 && first[row] == second[column - 1]
                    && first[row - 1] == second[column]
                if isExchanged { cost = min(cost, before[column - 1] + 1) }
                line.append(cost)
            }
            (before, last) = (last, line)
        }
        return last[second.count]
    }

    /// The mistake where the first words of a command line are to be subcommands and one of them is none.
    static func misspeltSubcommand(in arguments: [String]) -> ValidationError? {
        var command: any ParsableCommand.Type = BstArtifact.self
        var path = "bst-artifact"
        for word in arguments {
            let children = subcommands(of: command)
            guard !children.isEmpty, !word.hasPrefix("-") else { return nil }
            if let child = children[word] {
                (command, path) = (child, "\(path) \(word)")
                continue
            }
            if word == "help" && command == BstArtifact.self { return nil }
            let names = children.keys.sorted()
            let remedy =
                nearest(to: word, among: names).map { "did you mean '\($0)'?" }
                ?? "there are \(names.joined(separator: ", "))"
            return ValidationError("'\(path)' has no subcommand '\(word.forDisplay(limit: 60))': \(remedy)")
        }
        return nil
    }

    private static func subcommands(
        of command: any ParsableCommand.Type
    ) -> [String: any ParsableCommand.Type] {
        let configuration = command.configuration
        let all = configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
        return Dictionary(all.map { ($0.configuration.commandName ?? "", $0) }) { first, _ in first }
    }
}
