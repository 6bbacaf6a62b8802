// SPDX-License-Identifier: Apache-2.0

@testable import S3

extension [UInt8] {
    init(_ text: String) { self = Array(text.utf8) }

    /// Bytes that look random, and the same each time.
    static func pattern(_ count: Int) -> [UInt8] {
        var state: UInt32 = 1
        let block: [UInt8] = (0..<1 << 14).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: state >> 24)
        }
        // No two blocks are the same.
        var bytes: [UInt8] = []
        while bytes.count < count {
            bytes += Array("\(bytes.count)".utf8)
            bytes += block
        }
        return Array(bytes[..<count])
    }
}

/// Returns the error that `body` throws; nil if it throws none, or another kind.
func s3Error(_ body: () throws -> Void) -> S3Error? {
    do {
        try body()
        return nil
    } catch {
        return error as? S3Error
    }
}
