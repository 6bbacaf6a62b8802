// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import SystemCalls

/// Identifies the pusher by sshd's environment variables and, with `ExposeAuthInfo`, the file of the key used.
enum PusherIdentity {
    /// Returns the identity of the connected client.
    ///
    /// - Parameter name: the name given by the owner; by default it is the key's comment.
    static func find(named name: String?) -> PushRecord.Pusher {
        var pusher = PushRecord.Pusher()
        let address = Environment["SSH_CONNECTION"]?.split(separator: " ").first
        pusher.address = address.map(String.init) ?? ""
        // The log is only less readable without key and name, so read errors are ignored.
        let key = Environment["SSH_USER_AUTH"].flatMap(usedKey)
        pusher.key = key.flatMap { fingerprint(ofSSHKey: $0) } ?? ""
        pusher.name = name ?? key.flatMap(comment) ?? ""
        return pusher
    }

    /// Bytes read of a file at most.
    private static let limit = 1 << 20

    /// Returns the public key in base64 from the file of `ExposeAuthInfo`, which has lines `publickey TYPE KEY`.
    private static func usedKey(_ path: String) -> String? {
        lines(of: path).lazy.map(words).first { $0.count >= 3 && $0[0] == "publickey" }?[2]
    }

    private static func comment(of key: String) -> String? {
        guard let home = Environment["HOME"] else { return nil }
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
