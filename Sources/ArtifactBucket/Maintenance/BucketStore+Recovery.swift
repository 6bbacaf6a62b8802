// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

extension BucketStore {
    /// The number of refs whose views are looked at together.
    private static let viewBatch = 1024

    /// Writes all views that are behind the newest entry.
    ///
    /// - Parameter showProgress: receives the number of refs so far.
    /// - Returns: the number of refs, and that of views that were written.
    package func recoverAllViews(
        showProgress: (Int) -> Void = { _ in }
    ) throws -> (refs: Int, written: Int) {
        let position = try log.last(from: position)
        var batch: [LoggedEdit] = []
        var (refs, written) = (0, 0)
        func write() throws {
            written += try log.views.update(batch) { try prepareToWrite() }
            batch.removeAll(keepingCapacity: true)
            showProgress(refs)
        }
        try log.forEachRef(at: position) { ref, commit, sequence in
            refs += 1
            batch.append(LoggedEdit(sequence, ref, from: nil, to: commit))
            if batch.count == BucketStore.viewBatch { try write() }
        }
        // Those of refs that are gone were written before the state forgot these.
        batch += position.newest.entry.edits.filter { $0.new == nil }
        try write()
        return (refs, written)
    }
}
