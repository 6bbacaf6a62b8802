// SPDX-License-Identifier: Apache-2.0

import ArtifactClient

/// Resolves caches to the addresses that they are pulled from. An ssh cache's receiver is asked, once.
struct PullAddressResolver {
    let options: WebOptions
    let receiver: Pusher.Options
    let terminal: Terminal
    private(set) var known: [RemoteAddress: RemoteAddress] = [:]

    /// Returns the address to pull from. Warns if it is not encrypted.
    mutating func pullAddress(of cache: RemoteAddress) throws -> RemoteAddress {
        if let address = known[cache] { return address }
        let address = cache.isSSH ? try Pusher.pullAddress(of: cache, options: receiver) : cache
        if case .web(let web) = address, !web.isEncrypted {
            terminal.warn(
                "\(address) is not encrypted: everybody on the way can see what is pulled, and withhold it; objects are verified "
                    + "all the same, but not which commit a ref should have")
        }
        known[cache] = address
        return address
    }
}
