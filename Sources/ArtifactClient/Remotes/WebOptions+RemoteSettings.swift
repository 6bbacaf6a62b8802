// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository

extension WebOptions {
    /// Takes the settings of a remote for what these options leave open.
    ///
    /// - Throws: `ClientError` where the remote cannot be pulled from.
    public mutating func use(_ settings: RemoteSettings) throws {
        if let state = settings.unconfiguredState {
            throw ClientError(
                .accessDenied,
                "remote \(settings.name) cannot be pulled from yet: \(state.forDisplay(limit: 1000))")
        }
        for url in [settings.url, settings.contentURL ?? ""]
        where url.hasPrefix("mirrorlist=") || url.hasPrefix("metalink=") {
            throw ClientError(
                .unsuitableRemote,
                "cannot pull from remote \(settings.name), since its URL is \(url.forDisplay(limit: 200)), and lists of mirrors are "
                    + "not read: give --remote URL, and --mirror URL for others")
        }
        authorities = authorities ?? settings.authorities
        if clientCertificate == nil, clientKey == nil {
            (clientCertificate, clientKey) = (settings.clientCertificate, settings.clientKey)
        }
        isPermissive = isPermissive || settings.isPermissive
        proxy = proxy ?? settings.proxy
        allowsHTTP2 = allowsHTTP2 && settings.allowsHTTP2
    }
}
