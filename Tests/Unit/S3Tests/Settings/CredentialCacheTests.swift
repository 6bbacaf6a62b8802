// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import S3

/// The moment at which credentials are fetched again.
@Suite struct CredentialCacheTests {
    private var cache = CredentialCache()
    private let error = S3Error(.noCredentials, "none")

    private func credentials(_ name: String, expiry: Int?) -> Credentials {
        Credentials(accessKey: name, secretKey: "s", expiry: expiry)
    }

    @Test mutating func `They are fetched once, and lasting ones never again`() {
        #expect(cache.state(at: 0) == .pending)
        let isFirst = cache.beginFetching(at: 0)
        let isSecond = cache.beginFetching(at: 0)
        #expect(isFirst && !isSecond)
        cache.note(.success(credentials("a", expiry: nil)), at: 0)
        #expect(cache.state(at: 1_000_000_000) == .usable(credentials("a", expiry: nil)))
        let isThird = cache.beginFetching(at: 1_000_000_000)
        #expect(!isThird)
    }

    @Test mutating func `Those that end are fetched five minutes before, while the old ones still serve`() {
        _ = cache.beginFetching(at: 0)
        cache.note(.success(credentials("a", expiry: 3600)), at: 0)
        let isEarly = cache.beginFetching(at: 3299)
        let isDue = cache.beginFetching(at: 3300)
        #expect(!isEarly && isDue)
        #expect(cache.state(at: 3599) == .usable(credentials("a", expiry: 3600)))
        #expect(cache.state(at: 3600) == .pending)
        cache.note(.success(credentials("b", expiry: 7200)), at: 3601)
        #expect(cache.state(at: 3601) == .usable(credentials("b", expiry: 7200)))
    }

    @Test mutating func `A failure counts only when the old ones have ended`() {
        _ = cache.beginFetching(at: 0)
        cache.note(.success(credentials("a", expiry: 3600)), at: 0)
        _ = cache.beginFetching(at: 3300)
        cache.note(.failure(error), at: 3301)
        #expect(cache.state(at: 3301) == .usable(credentials("a", expiry: 3600)))
        let isSoon = cache.beginFetching(at: 3302)
        #expect(!isSoon)
        #expect(cache.state(at: 3600) == .failed(error))
        let isAgain = cache.beginFetching(at: 3600)
        #expect(isAgain)
    }

    @Test mutating func `Those that have ended when they come are none`() {
        _ = cache.beginFetching(at: 0)
        cache.note(.success(credentials("a", expiry: 10)), at: 10)
        guard case .failed(let error) = cache.state(at: 10) else {
            Issue.record("they are used")
            return
        }
        #expect(error.code == .noCredentials && error.description.contains("have ended already"))
        let isAgain = cache.beginFetching(at: 11)
        #expect(isAgain)
    }

    @Test mutating func `A store's word that they have ended makes them void`() {
        _ = cache.beginFetching(at: 0)
        let first = credentials("a", expiry: 3600)
        cache.note(.success(first), at: 0)
        cache.noteEnd(of: credentials("older", expiry: 10))
        #expect(cache.state(at: 1) == .usable(first))
        cache.noteEnd(of: first)
        #expect(cache.state(at: 1) == .pending)
    }
}
