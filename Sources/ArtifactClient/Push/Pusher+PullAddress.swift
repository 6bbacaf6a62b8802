// SPDX-License-Identifier: Apache-2.0

extension Pusher {
    /// Asks a receiver for the address that its cache is pulled from.
    ///
    /// - Throws: `ClientError` where it cannot be reached, or names no usable address.
    public static func pullAddress(
        of cache: RemoteAddress, options: Options = Options()
    ) throws -> RemoteAddress {
        try pullAddress(told: check(cache, options: options).pullURL, by: "\(cache)")
    }

    /// Reads the address that a receiver tells.
    ///
    /// - Throws: `ClientError` where it is no usable one.
    package static func pullAddress(
        told text: String?, by cache: String
    ) throws(ClientError) -> RemoteAddress {
        guard let text, !text.isEmpty else {
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
                "\(cache) says that it is pulled from '\(error.remote)', which is no address: name its web address with --remote "
                    + "or as pull-url")
        }
        // A server must not have us read files of this machine.
        guard case .web = address else {
            throw ClientError(
                .unsuitableRemote, "\(cache) says that it is pulled from \(address), which is no web address")
        }
        return address
    }
}
