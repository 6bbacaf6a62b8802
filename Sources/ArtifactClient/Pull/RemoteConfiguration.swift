// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// The configuration of a repository that is pulled from, as far as a pull needs it.
struct RemoteConfiguration {
    /// The collection of the repository's own refs, if it has one.
    private(set) var collection: String?

    /// Parses the repository's `config`.
    ///
    /// - Throws: `ClientError` where it is not that of an archive repository.
    init(_ bytes: [UInt8], of remote: String) throws(ClientError) {
        var mode: Substring?
        var section: Substring = ""
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            if line.hasPrefix("[") { section = line.prefix { $0 != "]" }.dropFirst() }
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].drop { $0 == " " }.prefix { $0 != " " }
            switch parts[0].filter({ $0 != " " }) {
            case "mode" where mode == nil: mode = value
            case "collection-id" where section == "core": collection = String(value)
            default: break
            }
        }
        guard let mode, RepositoryMode(name: String(mode)) == .archive else {
            throw ClientError(
                .unsuitableRemote,
                "cannot pull from \(remote): the repository there is of mode \(mode.map { String($0).forDisplay() } ?? "unknown"), "
                    + "and only one of mode archive can be pulled from")
        }
    }
}
