// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The options in docs/CLI.md, compared with those of `--help`.
@Suite struct DocumentedOptionsTests {
    /// A command and its help.
    private struct Command {
        /// The program and its subcommands.
        let words: [String]
        let help: String

        /// The command, and all below it that its help names.
        static func all(_ words: [String], program: String) throws -> [Command] {
            let result = try run([program] + words.dropFirst() + ["--help"])
            expectSuccess(result)
            let command = Command(words: words, help: result.text)
            return try [command]
                + subcommands(command.help).flatMap { try all(words + [$0], program: program) }
        }

        var options: [String] { Set(help.matches(of: /--[a-z][a-z0-9-]*/).map { "\($0.output)" }).sorted() }

        /// The documentation of the command: the beginning of the program's section, and the command's own part.
        func part(of documentation: String) -> String {
            let sections = documentation.components(separatedBy: "\n## ")
            let section = sections.first { $0.hasPrefix("\(words[0])\n") } ?? ""
            let parts = section.components(separatedBy: "\n### ")
            let own = parts.dropFirst().first {
                $0.hasPrefix(words.dropFirst().joined(separator: " ") + "\n")
            }
            return parts[0] + (own ?? "")
        }
    }

    private func expectDocumented(_ commands: [Command]) throws {
        let documentation = try String(
            contentsOfFile: "\(Programs.repositoryRoot)/docs/CLI.md", encoding: .utf8)
        for command in commands {
            let text = command.part(of: documentation)
            let documented = Set(text.matches(of: /--[a-z][a-z0-9-]*/).map { "\($0.output)" })
            let missing = command.options.filter { !documented.contains($0) }
            #expect(missing == [], "docs/CLI.md lacks options of \(command.words.joined(separator: " "))")
        }
    }

    @Test func `Every option of bst-artifact is documented where its subcommand is`() throws {
        let commands = try Command.all(["bst-artifact"], program: Programs.artifact())
        #expect(commands.contains { $0.words == ["bst-artifact", "repo", "expire"] })
        try expectDocumented(commands)
    }

    @Test func `Every option of bst-artifact-receive is documented`() throws {
        try expectDocumented(
            Command.all(["bst-artifact-receive"], program: Programs.receiver()))
    }
}
