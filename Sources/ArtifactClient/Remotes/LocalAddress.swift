// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A repository on this machine.
public struct LocalAddress: Hashable, Sendable {
    /// The form in which an address was written.
    public enum Spelling: Hashable, Sendable {
        /// An absolute path.
        case path
        /// A `file://` URL.
        case fileURL
    }

    /// The absolute path, not encoded.
    public let path: String
    /// The form in which it was written.
    public let spelling: Spelling
}

extension LocalAddress {
    /// Parses `file:///PATH` and `file://localhost/PATH` (RFC 8089).
    init(_ url: SplitURL) throws(RemoteAddressError) {
        try url.refuseQuery()
        guard url.authority.isEmpty || url.authority.elementsEqual("localhost".utf8) else {
            throw RemoteAddressError(
                "a file URL names a file of this machine, and it names a host or a relative path",
                remedy: "write file:///PATH, or ssh://HOST/PATH for another machine")
        }
        guard !url.path.isEmpty else {
            throw RemoteAddressError("its path is empty", remedy: "write file:///PATH")
        }
        self.init(path: try SplitURL.decode(url.path, of: "its path"), spelling: .fileURL)
    }
}

extension LocalAddress: CustomStringConvertible {
    /// The address as it was written.
    public var description: String {
        switch spelling {
        case .path: path.forDisplay(limit: 4096)
        case .fileURL: "file://" + SplitURL.encode(path)
        }
    }
}
