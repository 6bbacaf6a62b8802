// SPDX-License-Identifier: Apache-2.0

/// The document with which stores describe errors.
package struct ErrorDocument {
    /// The kind of error, such as `NoSuchKey`.
    private(set) var code: String?
    /// The region that the bucket is in, where the store tells it.
    private(set) var region: String?
    /// The endpoint that the bucket is at, where the store tells it.
    private(set) var endpoint: String?

    /// Reads what can be read of a document.
    package init(_ bytes: [UInt8]) {
        var code: String?
        var region: String?
        var endpoint: String?
        // AWS and Ceph have no namespace here; a document of others, such as a page of a proxy, yields nothing.
        _ = XMLText.read(bytes) { path, text in
            switch path {
            case ["Error", "Code"]: code = text.shownInMessage
            case ["Error", "Region"]: region = text.shownInMessage
            case ["Error", "Endpoint"]: endpoint = text.shownInMessage
            default: break
            }
        }
        (self.code, self.region, self.endpoint) = (code, region, endpoint)
    }

    /// Indicates temporary credentials that have ended.
    package var isExpiry: Bool {
        ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"].contains(code)
    }
}
