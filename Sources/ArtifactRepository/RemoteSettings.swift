// SPDX-License-Identifier: Apache-2.0

import COSTree

/// The settings of a remote, as `ostree remote add` and administrators write them: the section `remote "NAME"` of the
/// repository's `config`, or of a file in `/etc/ostree/remotes.d`.
public struct RemoteSettings: Sendable, Equatable {
    /// The name of the remote.
    public let name: String
    /// The URL of metadata, and of everything else without `contentURL`.
    public let url: String
    /// The URL of files and static deltas; nil for `url`.
    public var contentURL: String?
    /// The refs that are pulled where none is named.
    public var branches: [String] = []
    /// The collection of the remote's refs.
    public var collection: String?
    /// The reason why it cannot be pulled from yet.
    public var unconfiguredState: String?

    /// True to require GPG signatures of commits, false to require none; nil if it does not say.
    public var verifiesGPG: Bool?
    /// Indicates that the summary must have a GPG signature.
    public var verifiesSummaryGPG = false
    /// Files and directories of keys for GPG signatures, besides the remote's own keyring.
    public var gpgKeyPaths: [String] = []
    /// The types of signatures of which commits must have one; empty to require none.
    public var signatureTypes: [String] = []
    /// Indicates that the summary must have one of these signatures.
    public var verifiesSummary = false
    /// A public key for ed25519 signatures, in base64.
    public var ed25519Key: String?
    /// A file of such keys.
    public var ed25519File: String?

    /// A file of certificates that are trusted instead of the system's.
    public var authorities: String?
    /// A client certificate.
    public var clientCertificate: String?
    /// Its key.
    public var clientKey: String?
    /// Indicates that the server's certificate is not checked.
    public var isPermissive = false
    /// The URL of a proxy.
    public var proxy: String?
    /// Allows HTTP/2.
    public var allowsHTTP2 = true

    /// The keys of settings that are not followed.
    public var unfollowed: [String] = []

    fileprivate static let known: Set<String> = [
        "url", "contenturl", "branches", "collection-id", "unconfigured-state", "gpg-verify",
        "gpg-verify-summary", "gpgkeypath", "sign-verify", "sign-verify-summary", "verification-ed25519-key",
        "verification-ed25519-file", "tls-ca-path", "tls-client-cert-path", "tls-client-key-path",
        "tls-permissive", "proxy", "http2",
    ]
    /// Keys of libostree that are not followed, for remotes whose section cannot be listed.
    fileprivate static let unfollowedByOSTree = [
        "metalink", "custom-backend", "http-headers", "low-speed-limit-bytes", "low-speed-time-seconds",
        "retry-all-network-errors", "max-outstanding-fetcher-requests", "verification-spki-key",
        "verification-spki-file",
    ]

    fileprivate init(name: String, url: String) {
        (self.name, self.url) = (name, url)
    }
}

extension Repository {
    /// Returns the settings of a remote; nil if there is none of that name.
    ///
    /// - Throws: `RepositoryError` with `library` if a setting has a value of the wrong form.
    public func settings(ofRemote name: String) throws -> RemoteSettings? {
        guard let url = try url(ofRemote: name) else { return nil }
        let opened = try openedByLibrary()
        func text(_ key: String) throws -> String? {
            var value: UnsafeMutablePointer<CChar>?
            _ = try withGError("read '\(key)' of remote \(name) of \(path)") { error in
                opened.library.ostree_repo_get_remote_option(opened.handle, name, key, nil, &value, error)
            }
            guard let value else { return nil }
            defer { g_free(value) }
            let text = String(cString: value)
            return text.isEmpty ? nil : text
        }
        func flag(_ key: String) throws -> Bool? {
            guard try text(key) != nil else { return nil }
            var value: gboolean = 0
            _ = try withGError("read '\(key)' of remote \(name) of \(path)") { error in
                opened.library.ostree_repo_get_remote_boolean_option(
                    opened.handle, name, key, 0, &value, error)
            }
            return value != 0
        }
        func list(_ key: String) throws -> [String] {
            try (text(key) ?? "").split(whereSeparator: { ";,".contains($0) }).map(String.init)
        }
        var settings = RemoteSettings(name: name, url: url)
        settings.contentURL = try text("contenturl")
        settings.branches = try list("branches")
        settings.collection = try text("collection-id")
        settings.unconfiguredState = try text("unconfigured-state")
        settings.verifiesGPG = try flag("gpg-verify")
        settings.verifiesSummaryGPG = try flag("gpg-verify-summary") ?? false
        settings.gpgKeyPaths = try list("gpgkeypath")
        switch try text("sign-verify") {
        case nil, "false", "0": break
        case "true", "1": settings.signatureTypes = ["ed25519"]
        default: settings.signatureTypes = try list("sign-verify")
        }
        settings.verifiesSummary = try flag("sign-verify-summary") ?? false
        settings.ed25519Key = try text("verification-ed25519-key")
        settings.ed25519File = try text("verification-ed25519-file")
        settings.authorities = try text("tls-ca-path")
        settings.clientCertificate = try text("tls-client-cert-path")
        settings.clientKey = try text("tls-client-key-path")
        settings.isPermissive = try flag("tls-permissive") ?? false
        settings.proxy = try text("proxy")
        settings.allowsHTTP2 = try flag("http2") ?? true
        let unfollowed = try RemoteSettings.unfollowedByOSTree.filter { try text($0) != nil }
        settings.unfollowed = Set(unfollowed + keys(ofRemote: name)).subtracting(RemoteSettings.known)
            .sorted()
        return settings
    }

    /// The keys in the section of a remote in the repository's `config`, without those of flatpak, which describe the remote
    /// to people.
    private func keys(ofRemote name: String) -> [String] {
        configuration.keys(in: "remote \"\(name)\"").filter { !$0.hasPrefix("xa.") }
    }
}
