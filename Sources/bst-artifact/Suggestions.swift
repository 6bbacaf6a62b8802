// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

enum Suggestions {
    /// Returns `did you mean 'push'?`, or another text if no name is similar.
    static func remedy(for word: String, among names: some Sequence<String>, or other: String) -> String {
        nearest(to: word, among: names).map { "did you mean '\($0)'?" } ?? other
    }

    /// Returns the most similar name; nil if more than about a third of the letters differ in all of them.
    static func nearest(to word: String, among names: some Sequence<String>) -> String? {
        let limit = max(1, word.utf8.count / 3)
        var best: (name: String, distance: Int)?
        for name in names where abs(name.utf8.count - word.utf8.count) <= limit {
            let found = distance(word, name)
            if found <= limit, found < best?.distance ?? .max { best = (name, found) }
        }
        return best?.name
    }

    /// Returns the edit distance, counting an exchange of neighbours as one edit (Damerau-Levenshtein).
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

    /// Returns an error if a word of a command line should be a subcommand and is none.
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
            let remedy = Suggestions.remedy(
                for: word, among: names, or: "there are \(names.joined(separator: ", "))")
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
