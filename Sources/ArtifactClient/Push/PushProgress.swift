// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// Counts the objects that a push sends, and reports its progress.
final class PushProgress {
    private(set) var current = TransferProgress()
    private let show: (@Sendable (TransferProgress) -> Void)?
    private let repository: Repository
    private var total: UInt64 = 0
    private var done: UInt64 = 0

    /// The cost of an empty object, in bytes of content that take as long.
    private static let costOfObject: UInt64 = 4096

    init(
        _ repository: Repository, commits: some Sequence<Checksum>,
        _ show: (@Sendable (TransferProgress) -> Void)?
    ) {
        self.repository = repository
        self.show = show
        guard show != nil else { return }
        // A missing object is reported when it is to be sent.
        var walk = ObjectWalk(repository)
        for commit in commits {
            try? walk.visit(commit) { total += cost(of: $0) }
        }
    }

    func sent(_ name: ObjectName, bytes: UInt64) {
        current.objects += 1
        current.bytes += bytes
        guard let show else { return }
        done += cost(of: name)
        current.fraction = total > 0 ? min(1, Double(done) / Double(total)) : nil
        show(current)
    }

    func finish() {
        current.fraction = 1
        show?(current)
    }

    private func cost(of name: ObjectName) -> UInt64 {
        PushProgress.costOfObject + ((try? repository.storedSize(of: name)) ?? 0)
    }
}
