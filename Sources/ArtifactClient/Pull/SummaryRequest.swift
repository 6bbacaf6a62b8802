// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// Fetches a summary, which need not fit into memory, into an unnamed temporary file.
final class SummaryRequest: WebRequest {
    let path = "summary"
    let file: Descriptor
    private(set) var isPresent = false
    private let remote: String
    private var size: UInt64 = 0

    /// The largest summary that is accepted, in bytes: a million refs take a tenth of it.
    private static let maximumSize: UInt64 = 1 << 30

    init(of remote: String, in directory: String?) throws {
        self.remote = remote
        file = try Directory(directory ?? Environment["TMPDIR"] ?? "/var/tmp").unnamedFile()
    }

    func begin(_: WebBody) throws {
        size = 0
        try file.truncate()
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        size += UInt64(bytes.count)
        guard size <= SummaryRequest.maximumSize else {
            throw ClientError(
                .badContent,
                "the summary of \(remote) is larger than \(SummaryRequest.maximumSize) bytes, so it is not read: pull by "
                    + "full names")
        }
        try file.writeAll(bytes)
    }

    func end(_ result: WebResult) {
        isPresent = result == .complete
    }
}
