// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// A listening TCP socket.
public final class ListeningSocket: Sendable {
    let descriptor: Descriptor
    /// The bound address with its port: `127.0.0.1:8443`, `[::]:8443`.
    public let address: String
    /// The bound port.
    public let port: UInt16
    /// The address to show to clients: the machine's name if the socket listens on all addresses.
    public let place: String
    /// Indicates that only clients on this machine can connect.
    public let isLoopback: Bool

    /// Binds and listens.
    ///
    /// - Parameters:
    ///   - host: an address or name of this machine; `::` stands for all addresses, including IPv4.
    ///   - port: the port; 0 for any free one.
    public init(host: String, port: UInt16) throws {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0, let found = list else {
            throw ServerError(
                "cannot listen at \(host): \(String(cString: gai_strerror(code))); name an address of this machine"
            )
        }
        defer { freeaddrinfo(list) }
        let number = try ListeningSocket.open(found.pointee, "\(host) port \(port)")
        descriptor = Descriptor(number)

        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let place = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                getsockname(number, pointer, &length) == 0 ? SocketAddress(pointer) : nil
            }
        }
        guard let place else { throw SystemError("look at the address of a socket") }
        self.port = place.port
        isLoopback = place.isLoopback
        let isAnywhere = place.host == "::" || place.host == "0.0.0.0"
        address = place.host.contains(":") ? "[\(place.host)]:\(place.port)" : "\(place.host):\(place.port)"
        self.place = isAnywhere ? "\(SelfSigned.ownName ?? "localhost"):\(place.port)" : address
    }

    private static func open(_ info: addrinfo, _ place: String) throws -> Int32 {
        let kind = info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let number = socket(info.ai_family, kind, info.ai_protocol)
        guard number >= 0 else { throw SystemError("listen at \(place)") }
        var (yes, no): (Int32, Int32) = (1, 0)
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, size)
        if info.ai_family == AF_INET6 { setsockopt(number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &no, size) }
        guard bind(number, info.ai_addr, info.ai_addrlen) == 0, listen(number, SOMAXCONN) == 0 else {
            let error = SystemError("listen at \(place)")
            close(number)
            switch error.code {
            case EADDRINUSE: throw ServerError("\(error): stop what listens there, or name another port")
            case EACCES: throw ServerError("\(error): ports below 1024 are for root, so name a higher one")
            default: throw error
            }
        }
        return number
    }
}

/// An IP address and port.
struct SocketAddress {
    /// The IP address, without the prefix of IPv4-mapped ones.
    let host: String
    let port: UInt16

    init?(_ address: UnsafePointer<sockaddr>) {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            var parsed = raw.loadUnaligned(as: sockaddr_in.self)
            inet_ntop(AF_INET, &parsed.sin_addr, &buffer, socklen_t(buffer.count))
            port = UInt16(bigEndian: parsed.sin_port)
        case AF_INET6:
            var parsed = raw.loadUnaligned(as: sockaddr_in6.self)
            inet_ntop(AF_INET6, &parsed.sin6_addr, &buffer, socklen_t(buffer.count))
            port = UInt16(bigEndian: parsed.sin6_port)
        default: return nil
        }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let mapped = "::ffff:"
        host = text.hasPrefix(mapped) && text.contains(".") ? String(text.dropFirst(mapped.count)) : text
    }

    /// Indicates a loopback address.
    var isLoopback: Bool { host == "::1" || host.hasPrefix("127.") }
}
