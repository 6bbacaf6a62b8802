// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls
import TextCoding

extension ServerDiagnosis {
    mutating func checkReceiver() {
        if Directory.isExecutable(layout.receiver) {
            note(.fine, "the receiver is \(layout.receiver)")
        } else {
            note(
                .error, "there is no receiver at \(layout.receiver)",
                "install the package bst-artifact-receive, or name it with --receiver")
        }
    }

    mutating func checkSSHD(_ user: SystemUser) {
        let settings: [String: [String]]
        do { settings = try SSHD.settings(for: layout.user) } catch {
            let remedy = geteuid() == 0 ? "mend what it says, then: systemctl reload ssh" : "run this as root"
            return note(
                geteuid() == 0 ? .error : .warning, "sshd's settings cannot be looked at (\(error))", remedy)
        }
        let command = settings["forcecommand"]?.first ?? "none"
        let words = command.shellWords ?? []
        if command == "none" {
            note(
                .warning,
                "sshd starts whatever \(layout.user) asks for, unless each key has its command=\"...\"",
                "run 'bst-artifact setup-server', or give each key its command=\"...\",restrict")
        } else if let program = words.first,
            !(program.hasSuffix("bst-artifact-receive") || program.hasSuffix("ostree-receive"))
        {
            note(
                .error,
                "sshd's ForceCommand for \(layout.user) starts \(program.forDisplay()), which is no receiver",
                setup)
        } else if let program = words.first, program.hasPrefix("/"), !Directory.isExecutable(program) {
            note(
                .error, "sshd's ForceCommand starts \(program.forDisplay()), which is not there",
                setup)
        } else if !layout.isRepositoryNamed(in: words) && !words.contains("--root") {
            note(
                .error,
                "sshd's ForceCommand (\(command.forDisplay())) names another repository than \(layout.repository)",
                "name that one with --repo, or correct \(layout.sshdConfiguration)")
        } else {
            note(.fine, "sshd starts '\(command.forDisplay())' for \(layout.user)")
        }
        // A ForceCommand overrides the commands of keys.
        if command == "none" {
            if let option = keys(of: user).lazy.compactMap({ RetiredOption(in: $0) }).first {
                note(.warning, option.finding, option.remedy(in: "\(user.home)/.ssh/authorized_keys"))
            }
        } else if let option = RetiredOption(in: words) {
            note(
                .warning, option.finding,
                option.remedy(in: layout.sshdConfiguration) + ", then: systemctl reload ssh")
        }
        let wanted = [
            ("passwordauthentication", "no"), ("permittty", "no"), ("exposeauthinfo", "yes"),
            ("disableforwarding", "yes"),
        ]
        for (name, value) in wanted where settings[name]?.first != value {
            let reason =
                name == "exposeauthinfo"
                ? "the log does not know who pushed" : "\(layout.user) could do more than push"
            note(
                .warning, "sshd's \(name) for \(layout.user) is not '\(value)', so \(reason)",
                setup)
        }
        let allowed = (settings["allowusers"] ?? []).flatMap { $0.split(separator: " ").map(String.init) }
        if !allowed.isEmpty,
            !allowed.contains(where: {
                fnmatch($0.split(separator: "@").first.map(String.init) ?? $0, layout.user, 0) == 0
            })
        {
            note(
                .error, "sshd's AllowUsers does not name \(layout.user)", "add it, then: systemctl reload ssh"
            )
        }
    }

    /// The command that corrects sshd's settings.
    private var setup: String {
        "bst-artifact setup-server" + (layout.pullURL.map { " --pull-url \($0)" } ?? "")
    }

}
