// SPDX-License-Identifier: Apache-2.0

import CCurl
import Glibc

/// The sockets of a client's connections, for options that libcurl does not know. It belongs to the client's thread.
///
/// Gateways that send header and body with two calls and leave Nagle's algorithm on, as Ceph's do by default, hold the
/// body back until the header is acknowledged. The kernel delays that by 40 ms, a hundred times what a small request
/// takes, so it is told to do it as soon as the header is here.
package final class ConnectionSockets {
    /// The sockets whose local port is known.
    private var known: [Int32: Int32] = [:]
    private var unknown: [Int32] = []

    package init() {}

    /// Learns of the sockets that a handle's requests open. This object must live as long as the connections.
    package func observe(_ handle: UnsafeMutableRawPointer) {
        ccurl_set_socket_functions(
            handle,
            { context, socket, _ in
                Unmanaged<ConnectionSockets>.fromOpaque(context).takeUnretainedValue().unknown.append(socket)
                return Int32(CURL_SOCKOPT_OK)
            },
            { context, socket in
                Unmanaged<ConnectionSockets>.fromOpaque(context).takeUnretainedValue().forget(socket)
                return close(socket)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Returns the socket with a local port; nil where there is none.
    package func socket(localPort port: Int32) -> Int32? {
        if let socket = known[port] { return socket }
        guard let index = unknown.firstIndex(where: { ConnectionSockets.localPort(of: $0) == port }) else {
            return nil
        }
        let socket = unknown.remove(at: index)
        known[port] = socket
        return socket
    }

    /// Sends what a closure writes to connections in as few packets as there can be. Each packet costs both sides more than a small
    /// request that is in it.
    package func sendTogether<T>(_ write: () throws -> T) rethrows -> T {
        delaySending(true)
        defer { delaySending(false) }
        return try write()
    }

    private func delaySending(_ isDelayed: Bool) {
        var value: Int32 = isDelayed ? 1 : 0
        for socket in unknown + known.values {
            setsockopt(socket, Int32(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// Acknowledges at once what a socket has received.
    static func acknowledge(_ socket: Int32) {
        var yes: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_QUICKACK, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    private func forget(_ socket: Int32) {
        unknown.removeAll { $0 == socket }
        if let entry = known.first(where: { $0.value == socket }) { known[entry.key] = nil }
    }

    private static func localPort(of socket: Int32) -> Int32? {
        var address = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress,
                getsockname(socket, start.assumingMemoryBound(to: sockaddr.self), &size) == 0
            else { return nil }
            // The port is at the same place in addresses of IPv4 and IPv6.
            return Int32(bytes[2]) << 8 | Int32(bytes[3])
        }
    }
}
