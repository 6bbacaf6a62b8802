// SPDX-License-Identifier: Apache-2.0

/// The answer of ``FaultyWebServer`` to one request. Functions that send one return true if the connection stays open.
struct Reply {
    let connection: SocketConnection
    /// True for a `GET`, false for a `HEAD` request.
    let withBody: Bool
    let keepAlive: Bool

    /// Sends a status with a line of text.
    func short(_ status: Int, _ headers: [String] = []) -> Bool {
        send(status, headers, Array("status \(status)\n".utf8))
    }

    /// Sends a body.
    func send(_ status: Int, _ headers: [String], _ body: [UInt8]) -> Bool {
        connection.send(head(status, headers, length: body.count) + (withBody ? body : [])) && keepAlive
    }

    /// Sends a file, or a part of it, with faults that concern the body.
    func send(_ file: ServedFile, range: Range<Int>, partial: Bool, fault: Fault?) -> Bool {
        let headers =
            ["Accept-Ranges: bytes"]
            + (partial
                ? ["Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"] : [])
        guard connection.send(head(partial ? 206 : 200, headers, length: range.count)) else { return false }
        guard withBody else { return keepAlive }

        var end = range.upperBound
        var closes = !keepAlive
        switch fault {
        case .closeAfter(let bytes), .stallAfter(let bytes):
            end = min(end, range.lowerBound + bytes)
            closes = true
        default: break
        }
        var offset = range.lowerBound
        while offset < end {
            var bytes = file.read(at: offset, atMost: min(1 << 18, end - offset))
            guard !bytes.isEmpty else { return false }
            if case .corrupt(let wrong) = fault, wrong >= offset, wrong < offset + bytes.count {
                bytes[wrong - offset] ^= 0xff
            }
            guard connection.send(bytes) else { return false }
            offset += bytes.count
        }
        return !closes
    }

    private func head(_ status: Int, _ headers: [String], length: Int) -> [UInt8] {
        let lines =
            [
                "HTTP/1.1 \(status) Test", "Content-Length: \(length)",
                "Content-Type: application/octet-stream",
            ]
            + headers + (keepAlive ? [] : ["Connection: close"])
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}
