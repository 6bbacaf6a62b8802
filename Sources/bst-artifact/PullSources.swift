// SPDX-License-Identifier: Apache-2.0

import ArtifactClient

/// Finds out where a cache is pulled from, asking its receiver where only that knows.
struct PullSources {
    let options: WebOptions
    let receiver: Pusher.Options
    let terminal: Terminal
    private var known: [RemoteAddress: RemoteAddress] = [:]

    init(options: WebOptions, receiver: Pusher.Options, terminal: Terminal) {
        self.options = options
        self.receiver = receiver
        self.terminal = terminal
    }

    /// The address to pull from, with a warning where it is not encrypted.
    mutating func source(for cache: RemoteAddress) throws -> RemoteAddress {
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
