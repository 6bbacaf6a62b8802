// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// The address of a store.
package struct S3Endpoint: Equatable, Sendable, CustomStringConvertible {
    /// The place of the bucket's name in URLs.
    package enum Addressing: Sendable {
        /// `https://HOST/BUCKET/KEY`.
        case path
        /// `https://BUCKET.HOST/KEY`.
        case virtualHosted
    }

    /// Indicates `https`.
    package let isEncrypted: Bool
    /// The host and, where it is not the usual one, the port.
    package let authority: String
    /// The path before bucket and key, without a slash at its end; mostly empty.
    package let path: String

    /// Parses a URL; a user, a query or a fragment has no place in it.
    ///
    /// - Parameter source: the setting that the URL comes from, for messages.
    package init(_ url: String, source: String) throws(S3Error) {
        let lower = url.lowercased()
        let scheme = lower.hasPrefix("https://") ? 8 : lower.hasPrefix("http://") ? 7 : 0
        var rest = url.dropFirst(scheme)
        while rest.last == "/" { rest.removeLast() }
        let authority = rest.prefix { $0 != "/" }
        // Whoever puts a password into the URL should not find it in a log.
        guard scheme > 0, !authority.isEmpty,
            !rest.contains(where: { "@?#\\".contains($0) || $0.isWhitespace }),
            url.utf8.allSatisfy({ $0 < 0x7f && !$0.isASCIIControl })
        else {
            throw S3Error(
                .invalidConfiguration,
                "cannot use the endpoint of \(source): it is no URL of the form https://HOST:PORT, so correct it"
            )
        }
        isEncrypted = scheme == 8
        self.authority = String(authority).lowercased()
        path = String(rest[authority.endIndex...])
    }

    /// AWS's endpoint of a region.
    init(awsRegion region: String) {
        isEncrypted = true
        authority = "s3.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
        path = ""
    }

    /// The URL.
    package var description: String { "\(isEncrypted ? "https" : "http")://\(authority)\(path)" }

    /// Returns the URL of an object, or of the bucket where `key` is nil, without a query.
    func url(_ bucket: String, _ key: String?, _ addressing: Addressing) -> String {
        let scheme = isEncrypted ? "https" : "http"
        // libcurl signs the path as it stands, so it has to be in the canonical form.
        let encoded = key.map { "/" + PercentEncoding.encode($0, keeping: "/") }
        switch addressing {
        case .path: return "\(scheme)://\(authority)\(path)/\(bucket)\(encoded ?? "")"
        case .virtualHosted: return "\(scheme)://\(bucket).\(authority)\(path)\(encoded ?? "/")"
        }
    }

    /// Indicates a store on this machine, which no proxy can reach.
    var isLoopback: Bool {
        let host =
            authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
    }
}
