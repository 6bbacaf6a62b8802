// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// Counts what a push has sent, and tells those who watch.
final class PushProgress {
    private(set) var progress = TransferProgress()
    private let show: (@Sendable (TransferProgress) -> Void)?
    private let repository: Repository
    private var total: UInt64 = 0
    private var done: UInt64 = 0

    /// What an object costs that has no content, in bytes of content that cost as much.
    private static let costOfObject: UInt64 = 4096

    init(_ repository: Repository, commits: [Checksum], _ show: (@Sendable (TransferProgress) -> Void)?) {
        self.repository = repository
        self.show = show
        guard show != nil else { return }
        // That something is missing here will be reported when it is to be sent.
        var closure = Closure(repository)
        for commit in commits {
            try? closure.visit(commit) { total += cost(of: $0) }
        }
    }

    /// Notes that an object was sent.
    func sent(_ name: ObjectName, bytes: UInt64) {
        progress.objects += 1
        progress.bytes += bytes
        guard let show else { return }
        done += cost(of: name)
        progress.fraction = total > 0 ? min(1, Double(done) / Double(total)) : nil
        show(progress)
    }

    /// Notes that the remote has everything.
    func finish() {
        progress.fraction = 1
        show?(progress)
    }

    private func cost(of name: ObjectName) -> UInt64 {
        PushProgress.costOfObject + ((try? repository.storedSize(of: name)) ?? 0)
    }
}
