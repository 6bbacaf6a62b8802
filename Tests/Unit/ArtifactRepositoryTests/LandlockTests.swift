// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls
import TestSupport
import Testing

/// Access that a receiver gives up.
@Suite(.enabled(if: Kernel.knowsPorts, "the kernel's Landlock knows nothing of ports"))
struct LandlockTests {
    /// Returns true if a port of 127.0.0.1 takes a connection.
    private static func connects(to port: UInt16) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    @Test func `A receiver that pulls from a client's port connects to no other one`() async throws {
        let directory = try TemporaryDirectory()
        let servers = try (0..<2).map { _ in try FaultyWebServer(directory: directory.path) }
        let ports = servers.map(\.port)
        #expect(ports.allSatisfy(LandlockTests.connects))
        // What a thread gives up, others keep.
        let reached = try await workOnThread { _ in
            try Landlock.confine(to: [], port: ports[0]) ? ports.map(LandlockTests.connects) : nil
        }
        #expect(reached == [true, false])
        #expect(ports.allSatisfy(LandlockTests.connects))
    }
}

private enum Kernel {
    /// Linux 6.7 or later, with Landlock switched on.
    static var knowsPorts: Bool {
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: &name.release) { String(decoding: $0, as: UTF8.self) }
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        let modules = try? text(ofFile: "/sys/kernel/security/lsm")
        return !numbers.lexicographicallyPrecedes([6, 7]) && modules?.contains("landlock") != false
    }
}
