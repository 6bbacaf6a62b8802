// SPDX-License-Identifier: Apache-2.0

import ArtifactBucket
import ArtifactClient
import ArtifactRepository
import SystemCalls

extension BucketStore {
    /// Opens the bucket of a remote, to be written by this program itself; nil where it is another remote, or a receiver is
    /// named.
    static func directly(
        _ remote: RemoteAddress, _ receiver: ReceiverOptions, _ cancellation: Cancellation?
    ) throws -> BucketStore? {
        guard case .bucket(let address) = remote, receiver.receiver == nil else { return nil }
        return try BucketStore.open(
            "\(address)", author: BucketStore.localAuthor, cancellation: cancellation)
    }

    /// Updates the summary after a publication, which has succeeded all the same.
    func updateSummary(_ terminal: Terminal, _ signers: [Signer] = []) {
        do { try SummaryView(of: self, signers: signers).updateAfterPublication(makesMissing: false) } catch {
            terminal.warn("the summary still shows what was there before: \(error)")
        }
    }
}
