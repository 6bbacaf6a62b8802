// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import SystemCalls

/// Fetches a file of a static delta into an unnamed temporary file.
final class DeltaFileRequest: WebRequest {
    let path: String
    let isOptional = true
    /// True for parts, whose names are numbers; indexes and superblocks are metadata.
    var isContent: Bool { path.utf8.reversed().prefix { $0 != UInt8(ascii: "/") }.allSatisfy(\.isASCIIDigit) }
    let isDispensable: Bool
    private let limit: UInt64
    private let file: Descriptor
    private let use: (Descriptor?) throws -> Void
    private var size: UInt64 = 0
    /// Indicates that there is more than `limit`, which is the same as nothing.
    private var isTooLarge = false

    /// Describes a request.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that are accepted.
    ///   - isDispensable: true to take any failure for absence.
    ///   - use: receives the file; nil where the remote does not have it. A `DeltaError` about a file asks for another
    ///     attempt.
    init(
        _ path: String, into file: Descriptor, limit: UInt64, isDispensable: Bool,
        use: @escaping (Descriptor?) throws -> Void
    ) {
        (self.path, self.file, self.limit, self.isDispensable, self.use) =
            (path, file, limit, isDispensable, use)
    }

    func begin(_: WebBody) throws {
        (size, isTooLarge) = (0, false)
        try file.truncate()
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        size += UInt64(bytes.count)
        guard size <= limit else {
            isTooLarge = true
            return
        }
        try file.writeAll(bytes)
    }

    func end(_ result: WebResult) throws {
        guard result == .complete, !isTooLarge else { return try use(nil) }
        do {
            try use(file)
        } catch let error as DeltaError {
            throw RetryableError(reason: error)
        }
    }
}
