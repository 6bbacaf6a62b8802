// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD

extension ObjectStream {
    /// Creates a libmicrohttpd response that sends the objects, of a size that is not known before its end.
    func response() -> OpaquePointer? {
        let stream = Unmanaged.passRetained(self).toOpaque()
        let response = MHD_create_response_from_callback(
            UInt64.max, FileReading.blockSize,
            { context, _, buffer, limit in
                // -1 is the end, and -2 aborts the connection, so that the client notices.
                guard let context, let buffer else { return -2 }
                let stream = Unmanaged<ObjectStream>.fromOpaque(context).takeUnretainedValue()
                let target = UnsafeMutableRawBufferPointer(start: buffer, count: limit)
                guard let count = try? stream.read(into: target) else { return -2 }
                return count == 0 ? -1 : count
            }, stream,
            { context in
                if let context { Unmanaged<ObjectStream>.fromOpaque(context).release() }
            })
        if response == nil { Unmanaged<ObjectStream>.fromOpaque(stream).release() }
        return response
    }
}
