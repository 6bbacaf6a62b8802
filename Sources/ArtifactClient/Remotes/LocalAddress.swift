// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A repository on this machine.
public struct LocalAddress: Hashable, Sendable {
    /// How the address was written.
    public enum Spelling: Hashable, Sendable {
        /// As an absolute path.
        case path
        /// As a `file://` URL.
        case fileURL
    }

    /// The absolute path, not encoded.
    public let path: String
    /// How it was written.
    public let spelling: Spelling

    init(path: String, spelling: Spelling) {
        self.path = path
        self.spelling = spelling
    }

    /// Reads what follows `file://`: `/PATH` or `localhost/PATH` (RFC 8089).
    init(afterScheme rest: ArraySlice<UInt8>) throws(AddressFault) {
        let (host, path) = try AddressText.splitPath(rest)
        guard host.isEmpty || host.elementsEqual("localhost".utf8) else {
            throw AddressFault(
                "a file URL names a file of this machine, and it names a host or a relative path",
                remedy: "write file:///PATH, or ssh://HOST/PATH for another machine")
        }
        guard !path.isEmpty else {
            throw AddressFault("its path is empty", remedy: "write file:///PATH")
        }
        self.path = try AddressText.percentDecoded(path, of: "its path")
        spelling = .fileURL
    }
}

extension LocalAddress: CustomStringConvertible {
    /// The address as it was written.
    public var description: String {
        switch spelling {
        case .path: path.forDisplay(limit: 4096)
        case .fileURL: "file://" + AddressText.percentEncoded(path)
        }
    }
}
