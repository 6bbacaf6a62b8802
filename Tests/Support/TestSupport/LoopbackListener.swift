// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Accepts connections on a port of 127.0.0.1, and serves each of them on a thread of its own.
///
/// Its threads keep it, so that whoever made it has to stop it.
final class LoopbackListener: Sendable {
    /// Serves a connection until it is over.
    typealias Service = @Sendable (SocketConnection, LoopbackListener) -> Void

    private struct State {
        var connectionCount = 0
        /// Descriptors of the open connections, to be shut, which wakes their threads.
        var open: Set<Int32> = []
        var threads = 1
        var isDead = false
    }

    /// The port on 127.0.0.1.
    let port: UInt16
    private let listener: Int32
    private let state = Locked(State())

    init(_ serve: @escaping Service) throws {
        var listener: Int32 = -1
        var port: UInt16 = 0
        for attempt in 1...10 where listener < 0 {
            port = try LoopbackPort.free()
            do {
                listener = try LoopbackPort.listen(port)
            } catch  where attempt < 10 {}
        }
        self.port = port
        self.listener = listener
        Thread.detachNewThread { [self] in acceptConnections(serve) }
    }

    /// The connections that were made.
    var connectionCount: Int { state.withLock { $0.connectionCount } }

    /// Indicates that it was told to end.
    var isDead: Bool { state.withLock { $0.isDead } }

    /// Closes every connection and takes no more.
    func die() {
        state.withLock { state in
            guard !state.isDead else { return }
            state.isDead = true
            // Wakes `accept` with an error; the accepting thread then closes it.
            shutdown(listener, Int32(SHUT_RDWR))
            for descriptor in state.open {
                shutdown(descriptor, Int32(SHUT_RDWR))
            }
        }
    }

    /// Closes everything and waits for the threads. A second time does nothing.
    func stop() {
        die()
        _ = eventually { state.withLock { $0.threads == 0 } }
    }

    private func acceptConnections(_ serve: @escaping Service) {
        while true {
            let descriptor = GNUCall.accept4(listener, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
            let accepted = state.withLock { state in
                guard descriptor >= 0, !state.isDead else { return false }
                state.open.insert(descriptor)
                state.connectionCount += 1
                state.threads += 1
                return true
            }
            if accepted {
                Thread.detachNewThread { [self] in
                    var connection: SocketConnection? = SocketConnection(descriptor)
                    if let connection { serve(connection, self) }
                    state.withLock { state in
                        // Before the descriptor is closed and its number used again.
                        state.open.remove(descriptor)
                        connection = nil
                        state.threads -= 1
                    }
                }
            } else {
                if descriptor >= 0 { close(descriptor) }
                if isDead { break }
                // Perhaps all descriptors are in use.
                usleep(1000)
            }
        }
        close(listener)
        state.withLock { $0.threads -= 1 }
    }
}
