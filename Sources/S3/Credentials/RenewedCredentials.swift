// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// Credentials that are fetched anew before they end, for whoever signs requests without `S3Client`.
package final class RenewedCredentials: Sendable {
    private let source: CredentialSource
    private let cache = Monitor(CredentialCache())

    /// Fetches nothing yet.
    package init(_ source: CredentialSource) { self.source = source }

    /// Returns credentials that are valid now; nil where requests are to be anonymous.
    ///
    /// Others are fetched in the background some minutes before these end. Only where there are none that are valid, this waits for
    /// a program or a server, which may take seconds.
    ///
    /// - Throws: the reason why there are none.
    package func current() throws(S3Error) -> Credentials? {
        while true {
            renewIfDue()
            // A store may say meanwhile that they have ended.
            let state = cache.wait(telling: false) { cache in
                let state = cache.state(at: time(nil))
                return state == .pending && cache.isFetching ? nil : state
            }
            switch state {
            case .usable(let credentials): return credentials
            case .failed(let error): throw error
            case .pending: continue
            }
        }
    }

    /// Takes a store's word that credentials have ended, so that others are fetched unless somebody has done so.
    package func noteEnd(of used: Credentials?) { cache.withLock { $0.noteEnd(of: used) } }

    private func renewIfDue() {
        guard cache.withLock({ $0.beginFetching(at: time(nil)) }) else { return }
        if let immediate = source.immediate {
            return cache.change { $0.note(immediate, at: time(nil)) }
        }
        do {
            _ = try Thread { [source, cache] in
                Signals.blockBrokenPipes()
                let fetched = Result { () throws(S3Error) in try source.fetch() }
                cache.change { $0.note(fetched, at: time(nil)) }
            }
        } catch {
            let failure = S3Error(
                .noCredentials, "cannot fetch credentials: \(error): look at the limits of this machine")
            cache.change { $0.note(.failure(failure), at: time(nil)) }
        }
    }
}
