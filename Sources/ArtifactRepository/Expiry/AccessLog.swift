// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// A web server's access log in the common or combined format, as far as it tells which artifacts were pulled when.
///
/// A client asks for a ref by name (`…/refs/heads/REF`), or knows its commit from the summary and asks for that
/// (`…/objects/XX/YY….commit`).
public struct AccessLog {
    /// What was pulled.
    public enum Use: Equatable {
        /// A ref by its name.
        case ref(RefName)
        /// A commit.
        case commit(Checksum)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Reads one line; nil where it tells of no pull.
    ///
    /// - Returns: what was pulled, and when, in seconds since 1970.
    public static func use(in line: Substring) -> (use: Use, time: Int)? {
        guard let open = line.firstIndex(of: "["), let close = line[open...].firstIndex(of: "]"),
            let time = time(line[line.index(after: open)..<close])
        else { return nil }
        let quoted = line[close...].split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
        guard quoted.count == 3, let status = quoted[2].split(separator: " ").first,
            ["200", "206", "304"].contains(status)
        else { return nil }
        let request = quoted[1].split(separator: " ")
        guard request.count >= 2, request[0] == "GET", let use = use(of: request[1]) else { return nil }
        return (use, time)
    }

    private static func use(of target: Substring) -> Use? {
        let path = target.prefix { $0 != "?" }
        if let place = path.lastRange(of: "/refs/heads/") {
            return RefName(percentDecoded(path[place...])).map { .ref($0) }
        }
        guard path.hasSuffix(".commit"), let place = path.lastRange(of: "/objects/") else { return nil }
        return Checksum(hex: path[place...].dropLast(".commit".count).filter { $0 != "/" }).map {
            .commit($0)
        }
    }

    private static func percentDecoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads `22/Nov/2026:17:05:46 +0100`.
    private static func time(_ text: Substring) -> Int? {
        let parts = text.split(whereSeparator: { "/: ".contains($0) })
        guard parts.count == 7, let day = Int32(parts[0]),
            let month = months.firstIndex(of: String(parts[1])),
            let year = Int32(parts[2]), let hour = Int32(parts[3]), let minute = Int32(parts[4]),
            let second = Int32(parts[5]), let zone = Int(parts[6])
        else { return nil }
        var fields = tm()
        (fields.tm_mday, fields.tm_mon, fields.tm_year) = (day, Int32(month), year - 1900)
        (fields.tm_hour, fields.tm_min, fields.tm_sec) = (hour, minute, second)
        return timegm(&fields) - (zone / 100 * 3600 + zone % 100 * 60)
    }
}

extension Substring {
    /// The place behind the last occurrence of a text.
    fileprivate func lastRange(of text: String) -> Index? {
        var place: Index?
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { place = index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return place
    }
}

extension Repository {
    /// Notes which refs were pulled when, as an access log tells.
    ///
    /// - Returns: how many of its lines told of refs that are here.
    public func noteUses(inAccessLog path: String) throws -> Int {
        var refsOfCommit: [Checksum: [RefName]] = [:]
        for (ref, commit) in try refs() { refsOfCommit[commit, default: []].append(ref) }
        var latest: [RefName: Int] = [:]
        var count = 0
        try Directory.openAnywhere(path).forEachLine { line in
            guard let (use, time) = AccessLog.use(in: line) else { return }
            let used: [RefName]
            switch use {
            case .ref(let ref): used = try lastUse(of: ref) == nil ? [] : [ref]
            case .commit(let commit): used = refsOfCommit[commit] ?? []
            }
            for ref in used { latest[ref] = max(latest[ref] ?? 0, time) }
            count += used.isEmpty ? 0 : 1
        }
        for (ref, time) in latest { try noteUse(of: [ref], at: time) }
        return count
    }
}

extension Descriptor {
    /// Visits the lines of a text, of which only the first 64 KiB of each count.
    fileprivate func forEachLine(_ visit: (Substring) throws -> Void) throws {
        var line: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try read(into: buffer)
            if count == 0 { break }
            for byte in buffer[..<count] {
                if byte == UInt8(ascii: "\n") {
                    try visit(String(decoding: line, as: UTF8.self)[...])
                    line.removeAll(keepingCapacity: true)
                } else if line.count < 65536 {
                    line.append(byte)
                }
            }
        }
        if !line.isEmpty { try visit(String(decoding: line, as: UTF8.self)[...]) }
    }
}
