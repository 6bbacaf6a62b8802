// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls
import TextCoding

extension ServerDiagnosis {
    mutating func checkAccount(_ user: SystemUser) {
        if Directory.isExecutable(user.shell), !user.shell.hasSuffix("/nologin"),
            !user.shell.hasSuffix("/false")
        {
            note(.fine, "user \(user.name) exists, with the shell \(user.shell)")
        } else {
            note(
                .error,
                "the shell of \(user.name), \(user.shell), starts nothing, so sshd cannot start the receiver",
                "usermod --shell /bin/sh \(user.name)")
        }
        for (path, isNeeded) in [
            (user.home, true), ("\(user.home)/.ssh", false), ("\(user.home)/.ssh/authorized_keys", false),
        ] {
            checkStrictMode(path, of: user, isNeeded: isNeeded)
        }
        let count = keys(of: user).filter { $0.material != nil && !$0.line.hasPrefix("#") }.count
        if count > 0 {
            note(.fine, "\(Format.count(count, "key")) may push")
        } else if geteuid() == 0 {
            note(.error, "no key may push", "bst-artifact setup-server --key FILE.pub")
        } else {
            note(.warning, "the keys of \(user.name) cannot be read by you", "run this as root")
        }
    }

    /// Returns the lines of `authorized_keys`, none if it cannot be read.
    func keys(of user: SystemUser) -> [AuthorizedKey] {
        (try? AuthorizedKey.lines(of: Directory.openAnywhere("\(user.home)/.ssh/authorized_keys"))) ?? []
    }

    /// Checks owner and mode: sshd ignores keys that others than their owner could change.
    private mutating func checkStrictMode(_ path: String, of user: SystemUser, isNeeded: Bool) {
        let found: stat?
        do { found = try Directory.status(at: path, followingLinks: false) } catch {
            return note(.warning, "\(error)", "run this as root")
        }
        guard let status = found else {
            if isNeeded { note(.error, "\(path) is not there", "install -d -o \(user.name) -m 755 \(path)") }
            return
        }
        if status.st_uid != user.identifier && status.st_uid != 0 {
            note(.error, "\(path) belongs to somebody else than \(user.name)", "chown \(user.name) \(path)")
        } else if status.st_mode & 0o022 != 0 {
            note(.error, "others may write to \(path), so sshd does not trust it", "chmod go-w \(path)")
        }
    }
}
