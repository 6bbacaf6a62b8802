// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls

/// The ssh server of this machine.
enum SSHD {
    private static func program() throws -> String {
        guard let path = Shell.path(of: "sshd") else {
            throw RepositoryError(
                .notAllowed,
                "there is no sshd on this machine, over which clients push: install Debian's openssh-server")
        }
        // sshd insists on this directory, which its service makes.
        mkdir("/run/sshd", 0o755)
        return path
    }

    /// Checks sshd's configuration.
    ///
    /// - Throws: `RepositoryError` with sshd's message.
    static func check() throws {
        try Shell.run([program(), "-t"])
    }

    /// Makes a running sshd read its configuration.
    static func reload() throws {
        if access("/run/systemd/system", F_OK) == 0 {
            try Shell.run(["systemctl", "try-reload-or-restart", "ssh.service"])
        } else if let file = try? Directory.openAnywhere("/run/sshd.pid"),
            let bytes = try? file.readAll(limit: 64),
            let number = pid_t(String(decoding: bytes.prefix { $0 > 32 }, as: UTF8.self)), number > 1
        {
            kill(number, SIGHUP)
        }
    }

    /// Returns the effective settings for a user by their lower-case names, each with all of its values.
    static func settings(for user: String) throws -> [String: [String]] {
        let output = try Shell.run([
            program(), "-T", "-C", "user=\(user),host=localhost,addr=127.0.0.1",
        ])
        var settings: [String: [String]] = [:]
        for line in output.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard let name = parts.first else { continue }
            settings[name.lowercased(), default: []].append(parts.count > 1 ? String(parts[1]) : "")
        }
        return settings
    }
}
