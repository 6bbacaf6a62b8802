// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport

/// A proxy on a port of 127.0.0.1, for `CONNECT` and for requests over plain HTTP, that writes down what it was
/// asked.
final class WebProxy: Sendable {
    /// The proxy's URL, `http://127.0.0.1:PORT`.
    let url: String

    private let directory: TemporaryDirectory
    private let process: RunningProcess

    init() throws {
        directory = try TemporaryDirectory()
        process = try RunningProcess(["/usr/bin/python3", "-c", WebProxy.program, directory.path("log")])
        guard let port = try process.readLine(), !port.isEmpty else {
            throw TestSupportError("the proxy did not start: \(process.errorText)")
        }
        url = "http://127.0.0.1:\(port)"
    }

    /// The first line and the headers of every request, in lower case; of those through a tunnel only the one
    /// that asked for the tunnel.
    var requests: [String] {
        let bytes = FileManager.default.contents(atPath: directory.path("log")) ?? Data()
        return String(decoding: bytes, as: UTF8.self).split(separator: "\0").map { $0.lowercased() }
    }

    private static let program = #"""
        import socket, sys, threading

        log = open(sys.argv[1], "wb", buffering=0)
        lock = threading.Lock()

        def copy(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
            except OSError:
                pass
            try:
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        def serve(client):
            head = b""
            while b"\r\n\r\n" not in head:
                data = client.recv(65536)
                if not data:
                    return
                head += data
            head, rest = head.split(b"\r\n\r\n", 1)
            with lock:
                log.write(head + b"\0")
            method, target, version = head.split(b"\r\n")[0].split(b" ")
            if method == b"CONNECT":
                place = target
            else:
                place, path = target.split(b"://", 1)[1].split(b"/", 1)
            host, port = place.decode().rsplit(":", 1)
            server = socket.create_connection((host, int(port)))
            if method == b"CONNECT":
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                server.sendall(rest)
            else:
                lines = [b"%s /%s HTTP/1.1" % (method, path)] + head.split(b"\r\n")[1:]
                lines = [line for line in lines if not line.lower().startswith(b"proxy-")]
                server.sendall(b"\r\n".join(lines + [b"Connection: close"]) + b"\r\n\r\n" + rest)
            threading.Thread(target=copy, args=(client, server), daemon=True).start()
            copy(server, client)
            client.close()

        listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        print(listener.getsockname()[1], flush=True)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        """#
}
