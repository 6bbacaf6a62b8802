// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

extension Pusher {
    /// Removes refs of a remote, all or none, where its owner allows that. Refs of this machine stay.
    ///
    /// - Returns: the refs, with the commits that they pointed to.
    /// - Throws: `ClientError` with `unknownRef` where the remote lacks one of them, with `refused` where it does not
    ///   allow it; then none is removed.
    public static func delete(
        _ refs: [RefName], from remote: RemoteAddress, options: Options = Options()
    ) throws -> [RefEditResult] {
        let connection = try ReceiverConnection(
            ReceiverCommand(remote, options: options.receiver), options.connection,
            session: PushStateMachine(version: options.receiver.version))
        guard options.receiver.version == .one else {
            throw ClientError(
                .refused, "version 0 of the protocol cannot delete refs of \(remote): use version 1")
        }
        try connection.say {
            try $0.begin(Info(asking: refs, capabilities: options.capabilities.union([.delete])))
        }
        let info = try connection.introduction()
        do {
            // Receivers without it need not tell what refs there are.
            guard connection.session.capabilities.contains(.delete) else {
                throw ClientError(
                    .refused,
                    "\(remote) does not let its clients delete refs: its administrator can allow it with --allow-delete"
                )
            }
            var seen: Set<RefName> = []
            let deletions = try refs.filter { seen.insert($0).inserted }.map { ref in
                guard let commit = info.refs[ref] else {
                    throw ClientError(
                        .unknownRef, "\(remote) has no ref \(ref), so nothing is deleted: list what it has")
                }
                return RefEdit(ref, from: .mustMatch(commit), to: nil)
            }
            if options.isDryRun {
                try connection.leave()
            } else {
                try connection.say { try $0.delete(deletions) }
                _ = try connection.answer()
                try connection.close()
            }
            return deletions.map { RefEditResult($0.ref, .moved, from: $0.previous.commit, to: nil) }
        } catch let error as ClientError where [.unknownRef, .refused].contains(error.code) {
            try? connection.leave()
            throw error
        }
    }
}
