// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol

/// The way by which an ssh cache is read: the values of `--via`.
enum PullRoute: String, ExpressibleByArgument, CaseIterable {
    /// Through its receiver.
    case ssh
    /// From the web server that its receiver names.
    case https
}

/// Resolves caches to the places that they are pulled from. An ssh cache's receiver is asked, once.
struct PullAddressResolver {
    let options: WebOptions
    let receiver: Pusher.Options
    let terminal: Terminal
    /// The way to ssh caches; nil for ssh where the receiver can, or else https.
    var via: PullRoute?
    private(set) var known: [RemoteAddress: RemoteAddress] = [:]

    init(options: WebOptions, receiver: Pusher.Options, terminal: Terminal, via: PullRoute?) {
        (self.options, self.receiver, self.terminal, self.via) = (options, receiver, terminal, via)
    }

    /// Connects to the receiver of an ssh cache; nil if the cache is none, or is to be read from its web server.
    ///
    /// - Parameters:
    ///   - refs: refs that are likely to be pulled.
    ///   - ours: the commits that are here.
    mutating func receiver(
        of cache: RemoteAddress, naming refs: [RefName], ours: CommitsHere
    ) throws -> ReceiverRepository? {
        let capabilities = Capability.ofEnvironment
        guard cache.isSSH, via != .https, known[cache] == nil, receiver.receiver.version == .one,
            capabilities?.contains(.pull) ?? true
        else { return nil }
        var connection = receiver.connection
        connection.capabilities =
            capabilities.map { $0.intersection(Capability.ofPullingClients) }
            ?? connection.capabilities
        let source = try ReceiverRepository(cache, options: connection, naming: refs, ours: ours)
        if source.givesObjects { return source }
        source.close()
        guard via == nil else {
            throw ClientError(
                .unsuitableRemote,
                "cannot pull from \(cache) through ssh: its receiver gives no objects, since it is older or its owner does not "
                    + "want that: pull with --via https")
        }
        note(try Pusher.pullAddress(told: source.pullURL, by: "\(cache)"), of: cache)
        return nil
    }

    /// Returns the address to pull from. Warns if it is not encrypted.
    mutating func pullAddress(of cache: RemoteAddress) throws -> RemoteAddress {
        if let address = known[cache] { return address }
        let address = cache.isSSH ? try Pusher.pullAddress(of: cache, options: receiver) : cache
        note(address, of: cache)
        return address
    }

    private mutating func note(_ address: RemoteAddress, of cache: RemoteAddress) {
        if case .web(let web) = address, !web.isEncrypted {
            terminal.warn(
                "\(address) is not encrypted: everybody on the way can see what is pulled, and withhold it; objects are verified "
                    + "all the same, but not which commit a ref should have")
        }
        known[cache] = address
    }
}
