// SPDX-License-Identifier: Apache-2.0

extension Attack {
    private static func remote(_ name: String, _ remote: String, _ words: String, path: String? = nil)
        -> [Attack]
    {
        ["push", "check"].map { command in
            Attack(
                "\(command) to \(name)", .remotes, words.isEmpty ? .nothing : refused(words),
                play: .client(ClientAttack(command: command, remote: remote, configuration: nil, path: path)))
        }
    }

    private static func configuration(_ name: String, _ text: String, _ words: String, path: String? = nil)
        -> Attack
    {
        Attack(
            "a configuration with \(name)", .remotes, words.isEmpty ? .nothing : refused(words),
            play: .client(ClientAttack(command: "push", remote: nil, configuration: text, path: path)))
    }

    /// A command that leaves a trace if a shell runs it.
    private static let touch = "touch pwned"

    static let remotes: [Attack] = table {
        remote("an option in place of a host", "-oProxyCommand=touch${IFS}pwned:p", "begins with '-'")
        remote("a host of this form that is an option", "user@-oProxyCommand=x:p", "host begins with '-'")
        remote("a host in a URL that is an option", "ssh://-oProxyCommand=x/p", "host begins with '-'")
        remote("a user that is an option", "ssh://-oProxyCommand=x@host/p", "user begins with '-'")
        remote("an escaped user that is an option", "ssh://%2DoProxyCommand=x@host/p", "user begins with '-'")
        remote("a path that is an option", "host:-rf", "path begins with '-'")
        remote("a path below home that is an option", "ssh://host/~/--repo=x", "path begins with '-'")
        remote("a port that is an option", "ssh://host:-oProxyCommand=x/p", "port")
        remote("a host with a newline", "host\n\(touch):p", "control character")
        remote("a path with a newline", "host:p\n\(touch)", "control character")
        remote("a path with an escaped newline", "ssh://host/p%0atouch%20pwned", "control character")
        remote("a user with an escaped NUL", "ssh://u%00@host/p", "control character")
        remote("a host with spaces", "ssh://host \(touch)/p", "white space")
        remote("a host with a command", "ssh://$(\(touch))/p", "white space")
        remote("a host with a command without spaces", "$(touch${IFS}pwned):p", "shell")
        remote("a host with backquotes", "ssh://`id`/p", "shell")
        remote("a host with a semicolon", "host;id:p", "shell")
        remote("a password", "ssh://user:secret@host/p", "password")
        remote("a path with a command", "host:p;\(touch)", "", path: "p;\(touch)")
        remote("a path with $( )", "host:$(\(touch))", "", path: "$(\(touch))")
        remote("a path with backquotes", "host:`\(touch)`", "", path: "`\(touch)`")
        remote("a path with a quotation mark", "host:p'; \(touch) #", "", path: "p'; \(touch) #")
        remote("a path with two quotation marks", "host:p\"; \(touch) #", "", path: "p\"; \(touch) #")
        remote(
            "a path with an escaped quotation mark", "ssh://host/p%27;touch%20pwned;%27", "",
            path: "/p';\(touch);'")
        remote("a path with an ampersand", "host:p & \(touch)", "", path: "p & \(touch)")
        remote("a path with a pipe", "host:p | \(touch)", "", path: "p | \(touch)")
        remote("a path with a redirection", "host:p > pwned", "", path: "p > pwned")
        remote("a path with a backslash", "host:p\\", "", path: "p\\")
        remote("a path with a star", "host:*", "", path: "*")
        remote("a path with a variable", "host:$HOME/x", "", path: "$HOME/x")
        remote("a path with a comment", "host:# x", "", path: "# x")
        configuration(
            "a host that is an option", "artifacts:\n  url: ssh://-oProxyCommand=x/p\n",
            "host begins with '-'")
        configuration(
            "an option in place of a push-url",
            "artifacts:\n  pull-url: https://example.com/\n  push-url: \"-oProxyCommand=touch${IFS}pwned:p\"\n",
            "begins with '-'")
        configuration(
            "a newline in a push-url",
            "artifacts:\n  pull-url: https://example.com/\n  push-url: \"host:p\\ntouch pwned\"\n",
            "control character")
        configuration(
            "an option as a push-port",
            "artifacts:\n  pull-url: https://example.com/\n  push-url: host:p\n  push-port: \"-oProxyCommand=x\"\n",
            "push-port")
        configuration(
            "a port of many digits",
            "artifacts:\n  pull-url: https://example.com/\n  push-url: host:p\n  push-port: 99999999999999999999\n",
            "push-port")
        configuration(
            "a command in a path",
            "artifacts:\n  pull-url: https://example.com/\n  push-url: \"host:p; \(touch)\"\n", "",
            path: "p; \(touch)")
    }
}
