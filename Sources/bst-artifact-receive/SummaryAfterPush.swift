// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import Logging
import SystemCalls

/// Updates the summary after the client has its result. A quick update is made at once, a slow one in a detached process, so
/// that the client need not wait. Those that flatpak makes are slow.
struct SummaryAfterPush {
    let repository: Repository
    let signers: [Signer]
    let flatpak: FlatpakProgram

    /// The size in bytes from which on an update takes noticeable time.
    private static let largeSize = 1 << 20
    /// The number of refs that makes a summary of about that size.
    private static let manyRefs = 5000
    /// The time to wait for libostree's lock while the client waits.
    private static let shortTimeout = Duration.milliseconds(500)
    /// The time to wait for it in the detached process.
    private static let timeout = Duration.seconds(600)

    /// Makes a missing summary, before the first client looks for it.
    func makeMissing(_ logger: Logger) {
        do {
            guard try repository.lacksSummary() else { return }
            try repository.requestSummaryUpdate()
        } catch {
            return logger.warning("there is no summary, without which BuildStream pushes nothing: \(error)")
        }
        run(logger)
    }

    /// Makes the update that this push, or an earlier one that failed to, has requested. Failures are logged only.
    func run(_ logger: Logger) {
        do {
            guard try repository.isSummaryUpdateRequested() else { return }
            // Checked here, since the client does not see messages of the detached process.
            try repository.checkSummaryCanBeSigned(by: signers)
            let size = try repository.summarySize()
            let isFlatpak = try repository.isFlatpakRepository()
            // A first summary has no size yet, so refs are counted.
            let isSlow =
                try isFlatpak && flatpak.isInstalled || size ?? 0 >= Self.largeSize
                || repository.hasMoreRefs(than: Self.manyRefs)
            guard !isSlow || !DetachedProcess.isPossible else {
                var report = SummaryReport(size: size ?? 0)
                if isFlatpak { report.flatpakWarning = flatpak.warning(for: repository) }
                for warning in report.warnings { logger.warning("\(warning)") }
                return try detach()
            }
            do {
                try report(
                    repository.updateRequestedSummary(options(timeout: Self.shortTimeout)), to: logger)
            } catch let error as RepositoryError {
                guard error.code == .busy, DetachedProcess.isPossible else { throw error }
                try detach()
            }
        } catch {
            logger.warning("the summary does not have all refs yet, as it will after the next push: \(error)")
        }
    }

    /// Returns the options for an update that waits so long for libostree's lock.
    func options(timeout: Duration) -> SummaryOptions {
        var options = SummaryOptions()
        options.signers = signers
        options.timeout = timeout
        options.flatpak = flatpak
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
            // The client and standard error are gone.
            do {
                let report = try repository.updateRequestedSummary(options(timeout: Self.timeout))
                if let warning = report?.flatpakWarning { Self.logToSystem(warning) }
            } catch {
                Self.logToSystem("the summary of \(repository.path) is not up to date: \(error)")
            }
        }
    }

    /// Logs a warning where the client and standard error are gone.
    static func logToSystem(_ words: String) {
        withVaList([words.withCString { strdup($0) }].compactMap(\.self)) {
            vsyslog(LOG_WARNING, "bst-artifact-receive: %s", $0)
        }
    }
}
