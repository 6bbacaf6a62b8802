// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls

/// Finds out who pushes: sshd says so in the environment, and in a file where its `ExposeAuthInfo` is on.
enum PusherIdentity {
    /// Whoever started this process.
    ///
    /// - Parameter name: what the owner of the cache calls them, if so.
    static func find(named name: String?) -> PushRecord.Pusher {
        var pusher = PushRecord.Pusher()
        let address = getenv("SSH_CONNECTION").map { String(cString: $0) }?.split(separator: " ").first
        pusher.address = address.map(String.init) ?? ""
        // Without the name nothing is lost but comfort, so what cannot be read is passed over.
        let key = getenv("SSH_USER_AUTH").flatMap { usedKey(String(cString: $0)) }
        pusher.key = key.flatMap { fingerprint(ofSSHKey: $0) } ?? ""
        pusher.name = name ?? key.flatMap(comment) ?? ""
        return pusher
    }

    /// Files larger than so many bytes are none of sshd's.
    private static let limit = 1 << 20

    /// The public key, in base64, from the file of `ExposeAuthInfo`: lines `publickey TYPE KEY`.
    private static func usedKey(_ path: String) -> String? {
        lines(of: path).lazy.map(words).first { $0.count >= 3 && $0[0] == "publickey" }?[2]
    }

    /// What stands behind a key in `authorized_keys`.
    private static func comment(of key: String) -> String? {
        guard let home = getenv("HOME").map({ String(cString: $0) }) else { return nil }
        for line in lines(of: "\(home)/.ssh/authorized_keys") {
            let words = words(line)
            guard let place = words.firstIndex(of: key), place + 1 < words.count else { continue }
            return words[(place + 1)...].joined(separator: " ")
        }
        return nil
    }

    private static func lines(of path: String) -> [Substring] {
        guard let bytes = try? Directory.openAnywhere(path).readAll(limit: limit) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    }

    private static func words(_ line: Substring) -> [String] {
        line.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
    }
}
