// SPDX-License-Identifier: Apache-2.0

import CCurl
import Glibc
import S3
import SystemCalls
import Testing

/// The sockets of connections that libcurl opens.
@Suite struct ConnectionSocketsTests {
    private typealias AddressFunction = (
        Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?
    ) -> Int32

    /// The port of an end of a connection.
    private func port(of socket: Descriptor, _ end: AddressFunction) throws -> UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { end(socket.number, $0, &size) }
        }
        try #require(result == 0)
        return UInt16(bigEndian: address.sin_port)
    }

    /// A socket that listens on a free port of 127.0.0.1.
    private func listener() throws -> Descriptor {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        try #require(number >= 0)
        let listener = Descriptor(number)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0 && listen(number, 1) == 0)
        return listener
    }

    private func isDelayed(_ socket: Int32) -> Bool {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(socket, Int32(IPPROTO_TCP), TCP_CORK, &value, &size)
        return value != 0
    }

    @Test func `What is written together leaves when all of it is written`() throws {
        let listener = try listener()
        let sockets = ConnectionSockets()
        try withExtendedLifetime(sockets) {
            try #require(CurlLibrary.load() == nil)
            let handle = try #require(ccurl_easy_init())
            defer { ccurl_easy_cleanup(handle) }
            sockets.observe(handle)
            ccurl_set_string(handle, CURLOPT_URL, "http://127.0.0.1:\(try port(of: listener, getsockname))/")
            ccurl_set_string(handle, CURLOPT_NOPROXY, "*")
            ccurl_set_long(handle, CURLOPT_CONNECT_ONLY, 1)
            try #require(ccurl_easy_perform(handle) == CURLE_OK)
            let peer = Descriptor(accept(listener.number, nil, nil))
            let socket = try #require(sockets.socket(localPort: Int32(port(of: peer, getpeername))))
            #expect(!isDelayed(socket))
            sockets.sendTogether {
                #expect(isDelayed(socket))
                for part in ["first ", "second"] { #expect(send(socket, part, part.utf8.count, 0) > 0) }
            }
            #expect(!isDelayed(socket))
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = recv(peer.number, &buffer, buffer.count, 0)
            #expect(String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self) == "first second")
        }
    }
}
