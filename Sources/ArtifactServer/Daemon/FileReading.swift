// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import Glibc
import SystemCalls

/// A part of a file that is read piece by piece, for connections that encrypt what they send.
final class FileReading {
    /// The most that is read at once; a record of TLS has 16 KiB.
    static let blockSize = 64 * 1024

    private let file: Descriptor
    private let offset: UInt64

    private init(_ file: Descriptor, _ offset: UInt64) {
        (self.file, self.offset) = (file, offset)
    }

    /// A response that reads it.
    static func response(_ file: Descriptor, offset: UInt64, count: UInt64) -> OpaquePointer? {
        let reading = Unmanaged.passRetained(FileReading(file, offset)).toOpaque()
        let response = MHD_create_response_from_callback(
            count, blockSize,
            { context, position, buffer, limit in
                guard let context, let buffer else { return -2 }
                let reading = Unmanaged<FileReading>.fromOpaque(context).takeUnretainedValue()
                let target = UnsafeMutableRawBufferPointer(start: buffer, count: limit)
                // A file that ends early breaks the connection off, which is how the client learns of it.
                guard let count = try? reading.file.read(into: target, at: reading.offset + position),
                    count > 0
                else { return -2 }
                return count
            }, reading,
            { context in
                if let context { Unmanaged<FileReading>.fromOpaque(context).release() }
            })
        if response == nil { Unmanaged<FileReading>.fromOpaque(reading).release() }
        return response
    }
}
