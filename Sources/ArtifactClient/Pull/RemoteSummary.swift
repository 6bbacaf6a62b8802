// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

extension Puller {
    /// The largest summary that is read, in bytes: a million refs take a tenth of it.
    static let maximumSummarySize: UInt64 = 1 << 30

    /// Fetches the remote's summary, which need not fit into memory.
    ///
    /// - Throws: `ClientError` with `missing` where it has none.
    public static func summary(of remote: RemoteAddress, options: WebOptions = WebOptions()) throws -> Summary
    {
        let web = try WebClient(url(of: remote), shownAs: "\(remote)", options: options)
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp"
        let file = try Directory(folder).unnamedFile()
        var size: UInt64 = 0
        var isPresent = false
        var request: WebRequest? = WebRequest(
            path: "summary",
            begin: {
                size = 0
                try file.truncate()
                return { bytes in
                    size += UInt64(bytes.count)
                    guard size <= maximumSummarySize else {
                        throw ClientError(
                            .badContent, "the summary of \(remote) is larger than \(maximumSummarySize) bytes"
                        )
                    }
                    try file.writeAll(bytes)
                }
            },
            end: { isPresent = $0 == .complete })
        try web.run {
            defer { request = nil }
            return request
        }
        guard isPresent else {
            throw ClientError(
                .missing,
                "\(remote) has no summary, so what it has cannot be listed: its administrator makes one with "
                    + "‘ostree summary -u’; single refs can be pulled without")
        }
        return try Summary(mapping: file)
    }
}
