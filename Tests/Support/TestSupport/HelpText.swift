// SPDX-License-Identifier: Apache-2.0

/// The subcommands that a help text names.
public func subcommands(_ help: String) -> [String] {
    let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.indices.filter { lines[$0].hasSuffix("SUBCOMMANDS:") }.flatMap { title in
        // An abstract that is too long goes on in further lines, which are indented more.
        lines[(title + 1)...].prefix { !$0.isEmpty }.compactMap { line in
            let indentation = line.prefix { $0 == " " }.count
            return indentation == 2 ? line.split(separator: " ").first.map(String.init) : nil
        }
    }
}
