// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// TCP ports of 127.0.0.1.
enum LoopbackPort {
    private static let given = Mutex<Set<UInt16>>([])

    /// A port that nothing listens on now and that was not given out before.
    ///
    /// It is below the ports that the kernel gives to outgoing connections. Another process may still take
    /// it before it is used: then try again with another.
    static func free() throws -> UInt16 {
        try given.withLock { given in
            for _ in 0..<1000 {
                let port = UInt16.random(in: 20_000..<32_000)
                if given.contains(port) { continue }
                guard let listener = try? listen(port) else { continue }
                close(listener)
                given.insert(port)
                return port
            }
            throw TestSupportError("no free TCP port was found on 127.0.0.1")
        }
    }

    /// A port like that of ``free()``, the next of which is free as well.
    static func freePair() throws -> UInt16 {
        for _ in 0..<100 {
            let port = try free()
            guard let listener = try? listen(port + 1) else { continue }
            close(listener)
            return port
        }
        throw TestSupportError("no two free TCP ports side by side were found on 127.0.0.1")
    }

    /// A socket that listens on a port.
    static func listen(_ port: UInt16) throws -> Int32 {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw TestSupportError.system("make a socket") }
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, Glibc.listen(listener, 128) == 0 else {
            let error = TestSupportError.system("listen on port \(port) of 127.0.0.1")
            close(listener)
            throw error
        }
        return listener
    }
}
