// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import TextCoding

/// The `Match User` block of sshd's settings for the user whom clients push as.
struct SSHDSettings {
    let layout: ServerLayout

    /// Names and values in their order. The value of `ForceCommand` is that of a new file.
    private var wanted: [(name: String, value: String)] {
        [
            ("ForceCommand", layout.forceCommand), ("ExposeAuthInfo", "yes"),
            ("AuthenticationMethods", "publickey"), ("PasswordAuthentication", "no"),
            ("KbdInteractiveAuthentication", "no"), ("DisableForwarding", "yes"), ("PermitTTY", "no"),
            ("PermitUserRC", "no"),
        ]
    }

    /// The content of a new file.
    var text: String {
        let lines = wanted.map { "    \($0.name) \($0.value)\n" }
        return """
            # Written by 'bst-artifact setup-server': whoever has a key of \(layout.user) may push, and do nothing else.
            # ExposeAuthInfo is for 'bst-artifact repo log': the receiver learns which key was used.
            Match User \(layout.user)
            \(lines.joined())
            """
    }

    /// Returns the content of an existing file with the settings corrected. Comments, other settings and the receiver's
    /// options stay, so that a correct file is returned unchanged.
    func adapting(_ old: String) -> String {
        var lines = old.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        let matches = lines.indices.filter { SSHDSettings.setting(in: lines[$0])?.name == "match" }
        // A file with several blocks, or for another user, was made by neither this program nor the package.
        guard matches.count == 1, let match = matches.first,
            SSHDSettings.setting(in: lines[match])?.value.lowercased() == "user \(layout.user)"
        else { return text }
        for (name, value) in wanted {
            let place = lines.indices.first {
                $0 > match && SSHDSettings.setting(in: lines[$0])?.name == name.lowercased()
            }
            guard let place else {
                lines.append("    \(name) \(value)")
                continue
            }
            let present = SSHDSettings.setting(in: lines[place])?.value ?? ""
            let right = name == "ForceCommand" ? command(adapting: present) : value
            if present != right { lines[place] = "    \(name) \(right)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Returns a command with the wanted pull URL, if it starts the receiver for the repository; otherwise a new command.
    private func command(adapting old: String) -> String {
        guard var words = old.shellWords, let program = words.first,
            program.hasSuffix("/bst-artifact-receive"),
            layout.isRepositoryNamed(in: words)
        else { return layout.forceCommand }
        if program != layout.receiver, layout.isReceiverNamed || !Directory.isExecutable(program) {
            words[0] = layout.receiver
        }
        if let url = layout.pullURL { SSHDSettings.set(url, in: &words) }
        return words == old.shellWords ? old : words.map(\.shellQuoted).joined(separator: " ")
    }

    /// Sets the receiver's option `--pull-url`.
    private static func set(_ url: String, in words: inout [String]) {
        if let place = words.firstIndex(of: "--pull-url"), place + 1 < words.count {
            words[place + 1] = url
        } else if let place = words.firstIndex(where: { $0.hasPrefix("--pull-url=") }) {
            words[place] = "--pull-url=\(url)"
        } else {
            // At the front, since the last word may be another option's value.
            words.insert(contentsOf: ["--pull-url", url], at: words.dropFirst().first == "--verbose" ? 2 : 1)
        }
    }

    /// Returns a line's setting, its name in lower case; nil for comments and empty lines.
    private static func setting(in line: String) -> (name: String, value: String)? {
        let words = line.split(maxSplits: 1, whereSeparator: { $0.isWhitespace || $0 == "=" })
        guard let name = words.first, !name.hasPrefix("#") else { return nil }
        let value = words.count > 1 ? words[1].drop(while: \.isWhitespace) : ""
        return (name.lowercased(), String(value.reversed().drop(while: \.isWhitespace).reversed()))
    }
}
