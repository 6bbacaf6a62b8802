// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The server's end of a TCP connection, used by one thread, which closes it.
final class SocketConnection {
    let descriptor: Int32
    private var received: [UInt8] = []

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        shut()
        close(descriptor)
    }

    /// Ends the connection in both directions, for a process that may have inherited it as well.
    func shut() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// The lines up to the next empty one; `nil` when the connection ends before.
    func readHead() -> [String]? {
        let mark = Array("\r\n\r\n".utf8)
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            if let end = received.indices.first(where: { received[$0...].starts(with: mark) }) {
                let head = String(decoding: received[..<end], as: UTF8.self)
                received.removeFirst(end + mark.count)
                return head.split(separator: "\r\n").map(String.init)
            }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return nil }
            received += buffer[..<count]
        }
    }

    /// The next bytes of a body, so many; `nil` when the connection ends before.
    func readBody(_ size: Int) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while received.count < size {
            let count = recv(descriptor, &buffer, min(buffer.count, size - received.count), 0)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return nil }
            received += buffer[..<count]
        }
        defer { received.removeFirst(size) }
        return Array(received[..<size])
    }

    /// Sends all of it; `false` when the connection has ended.
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
