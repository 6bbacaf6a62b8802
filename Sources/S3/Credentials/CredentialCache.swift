// SPDX-License-Identifier: Apache-2.0

/// The credentials in use, and the decision when to fetch others.
///
/// It belongs to one thread, which fetches elsewhere so that requests go on meanwhile.
struct CredentialCache {
    /// The present state, for a request that is to be signed.
    enum State: Equatable {
        /// Credentials; nil for none, which leaves requests unsigned.
        case usable(Credentials?)
        /// None yet: wait until `note(_:at:)` was called.
        case pending
        case failed(S3Error)
    }

    private var credentials: Credentials?
    private var fetched: Int?
    private var failure: (error: S3Error, time: Int)?
    /// Indicates that somebody fetches others.
    private(set) var isFetching = false

    /// The longest time before the end at which others are fetched.
    private static let lead = 300
    /// The time between two attempts to fetch, where there still are usable ones.
    private static let pause = 30

    /// Returns the state at a time, in seconds since 1970.
    func state(at now: Int) -> State {
        if fetched != nil, !hasEnded(at: now) { return .usable(credentials) }
        if let failure, !isFetching { return .failed(failure.error) }
        return .pending
    }

    /// Returns true, once, where credentials are to be fetched now.
    mutating func beginFetching(at now: Int) -> Bool {
        guard !isFetching, isDue(at: now) else { return false }
        isFetching = true
        return true
    }

    /// Takes what was fetched.
    mutating func note(_ result: Result<Credentials?, S3Error>, at now: Int) {
        isFetching = false
        switch result {
        case .success(let fresh?) where fresh.expiry.map({ $0 <= now }) ?? false:
            let error = S3Error(
                .noCredentials,
                "cannot use the credentials that were fetched, as they have ended already: look where they come from, and at the "
                    + "clock of this machine")
            failure = (error, now)
        case .success(let fresh): (credentials, fetched, failure) = (fresh, now, nil)
        case .failure(let error): failure = (error, now)
        }
    }

    /// Takes a store's word that credentials have ended. Others may have been fetched since.
    mutating func noteEnd(of used: Credentials?) {
        if used != nil, used == credentials, used?.expiry != nil { fetched = nil }
    }

    private func hasEnded(at now: Int) -> Bool { (credentials?.expiry).map { $0 <= now } ?? false }

    private func isDue(at now: Int) -> Bool {
        // After a failure, whoever asks next gets the error and begins anew.
        let hasNone = fetched == nil || hasEnded(at: now)
        if let failure, now < failure.time + (hasNone ? 1 : CredentialCache.pause) { return false }
        guard let fetched else { return true }
        guard let expiry = credentials?.expiry else { return false }
        return now >= expiry - min(CredentialCache.lead, (expiry - fetched) / 4)
    }
}
