// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Logging
import SystemCalls

/// Makes requested static deltas after the client has its result, in a detached process, and has the summary list them.
struct DeltasAfterPush {
    let repository: Repository
    /// The update of the summary; nil for none.
    let summary: SummaryAfterPush?

    /// The time to wait for libostree's lock.
    private static let timeout = Duration.seconds(600)

    /// Starts the process if a push, this one or an earlier one, has requested deltas. Failures are logged only.
    func run(_ logger: Logger) {
        do {
            guard try repository.areDeltasRequested() else { return }
            try DetachedProcess.run { make() }
        } catch {
            logger.warning("no static deltas are made yet, as they will be after the next push: \(error)")
        }
    }

    private func make() {
        do {
            let report = try repository.makeRequestedDeltas()
            for (_, reason) in report.failed { SummaryAfterPush.logToSystem(reason) }
            guard let summary, !report.made.isEmpty, try repository.summarySize() != nil else { return }
            try repository.checkSummaryCanBeSigned(by: summary.signers)
            try repository.requestSummaryUpdate()
            try repository.updateRequestedSummary(summary.options(timeout: DeltasAfterPush.timeout))
        } catch {
            SummaryAfterPush.logToSystem(
                "the static deltas of \(repository.path) are not all made or listed: \(error)")
        }
    }
}
