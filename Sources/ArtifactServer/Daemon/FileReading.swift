// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import Glibc
import SystemCalls

/// A part of a file that is read in blocks, for encrypted connections.
final class FileReading {
    /// Bytes read at once; a TLS record has 16 KiB.
    static let blockSize = 64 * 1024

    private let file: Descriptor
    private let offset: UInt64

    private init(_ file: Descriptor, _ offset: UInt64) {
        (self.file, self.offset) = (file, offset)
    }

    /// Creates a libmicrohttpd response that reads from the file.
    static func response(_ file: Descriptor, offset: UInt64, count: UInt64) -> OpaquePointer? {
        let reading = Unmanaged.passRetained(FileReading(file, offset)).toOpaque()
        let response = MHD_create_response_from_callback(
            count, blockSize,
            { context, position, buffer, limit in
                guard let context, let buffer else { return -2 }
                let reading = Unmanaged<FileReading>.fromOpaque(context).takeUnretainedValue()
                let target = UnsafeMutableRawBufferPointer(start: buffer, count: limit)
                // A file that ends early aborts the connection, so that the client notices.
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
