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
        let address = cache.isSSH ? try ask(cache) : cache
        if case .web(let web) = address, !web.isEncrypted {
            terminal.warn(
                "\(address) is not encrypted: everybody on the way can see what is pulled, and withhold it; objects are verified "
                    + "all the same, but not which commit a ref should have")
        }
        known[cache] = address
        return address
    }

    private func ask(_ cache: RemoteAddress) throws -> RemoteAddress {
        guard let text = try Pusher.check(cache, options: receiver).pullURL, !text.isEmpty else {
            throw ClientError(
                .unsuitableRemote,
                "\(cache) does not say where it can be pulled from: name its web address with --remote or as pull-url, or let its "
                    + "administrator start the receiver with --pull-url")
        }
        let address: RemoteAddress
        do {
            address = try RemoteAddress(parsing: text)
        } catch {
            throw ClientError(
                .unsuitableRemote,
                "\(cache) says that it is pulled from ‘\(error.remote)’, which is no address: name its web address with --remote "
                    + "or as pull-url")
        }
        // What a server says must not make us read files of this machine.
        guard case .web = address else {
            throw ClientError(
                .unsuitableRemote, "\(cache) says that it is pulled from \(address), which is no web address")
        }
        return address
    }
}
