// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import Logging
import SystemCalls

/// Updates the summary when the client has its answer, and so that it need not wait: at once where that takes no time,
/// otherwise in a process of its own that outlives the connection.
struct SummaryAfterPush {
    let repository: Repository
    let signers: [SummarySigner]

    /// From this size on, in bytes, an update takes a time that people notice.
    private static let largeSize = 1 << 20
    /// So many refs make about as large a one.
    private static let manyRefs = 5000
    /// How long the client waits for those who hold libostree's lock, in milliseconds.
    private static let briefPatience: UInt64 = 500
    /// How long the process of its own waits.
    private static let patience: UInt64 = 600_000

    /// Makes a summary where there is none, before the first client looks for it.
    func makeMissing(_ logger: Logger) {
        do {
            guard try repository.lacksSummary() else { return }
            try repository.requestSummaryUpdate()
        } catch {
            return logger.warning("there is no summary, without which BuildStream pushes nothing: \(error)")
        }
        run(logger)
    }

    /// Does what was asked for, by this push or by another that could not complete it. No failure is one of the push.
    func run(_ logger: Logger) {
        do {
            guard try repository.isSummaryUpdateRequested() else { return }
            // Nobody reads what the other process says.
            try repository.checkSummaryCanBeSigned(by: signers)
            let size = try repository.summarySize()
            // The first one for many refs takes as long as each later one.
            let isLarge = try size ?? 0 >= Self.largeSize || repository.hasMoreRefs(than: Self.manyRefs)
            guard !isLarge || !DetachedProcess.isPossible else {
                let report = SummaryReport(size: size ?? 0)
                for warning in report.warnings { logger.warning("\(warning)") }
                return try detach()
            }
            do {
                try report(
                    repository.updateRequestedSummary(options(patience: Self.briefPatience)), to: logger)
            } catch let error as RepositoryError {
                guard error.code == .busy, DetachedProcess.isPossible else { throw error }
                try detach()
            }
        } catch {
            logger.warning("the summary does not have all refs yet, as it will after the next push: \(error)")
        }
    }

    private func options(patience: UInt64) -> SummaryOptions {
        var options = SummaryOptions()
        options.signers = signers
        options.patience = patience
        return options
    }

    private func report(_ report: SummaryReport?, to logger: Logger) {
        guard let report else { return }
        for warning in report.warnings { logger.warning("\(warning)") }
        logger.notice(
            "summary updated",
            metadata: ["refs": "\(report.refs.map(String.init) ?? "all")", "bytes": "\(report.size)"])
    }

    private func detach() throws {
        try DetachedProcess.run {
            do {
                try repository.updateRequestedSummary(options(patience: Self.patience))
            } catch {
                // There is no client any more, and no standard error.
                let words = "the summary of \(repository.path) is not up to date: \(error)"
                withVaList([words.withCString { strdup($0) }].compactMap(\.self)) {
                    vsyslog(LOG_WARNING, "bst-artifact-receive: %s", $0)
                }
            }
        }
    }
}
