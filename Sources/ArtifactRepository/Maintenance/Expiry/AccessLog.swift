// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// A web server's access log in the common or combined format, as far as it tells which artifacts were pulled when.
///
/// A client asks for a ref by name (`…/refs/heads/REF`), or knows its commit from the summary and asks for that
/// (`…/objects/XX/YY….commit`). Names and requests in a log are whatever somebody sent.
public struct AccessLog {
    /// What was pulled.
    public enum Use: Hashable, Sendable {
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
        // host, identity, user [time] "request" status size "referrer" "agent"
        let quoted = line.utf8.split(
            separator: UInt8(ascii: "\""), maxSplits: 2, omittingEmptySubsequences: false
        ).map { Substring($0) }
        guard quoted.count == 3, quoted[0].hasSuffix("] "),
            // A user may have brackets in his name.
            let open = quoted[0].lastIndex(of: "["),
            let time = time(quoted[0][open...].dropFirst().dropLast(2)),
            let status = quoted[2].split(separator: " ").first, ["200", "206", "304"].contains(status)
        else { return nil }
        let request = quoted[1].split(separator: " ")
        guard request.count >= 2, request[0] == "GET", let use = use(of: request[1]) else { return nil }
        return (use, time)
    }

    private static func use(of target: Substring) -> Use? {
        let path = target.prefix { $0 != "?" && $0 != "#" }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        if let place = place(behind: ["refs", "heads"], in: parts) {
            return RefName(percentDecoded(parts[place...].joined(separator: "/"))).map { .ref($0) }
        }
        guard path.hasSuffix(".commit"), let place = place(behind: ["objects"], in: parts),
            parts.count == place + 2
        else { return nil }
        return Checksum(hex: parts[place] + parts[place + 1].dropLast(".commit".count)).map { .commit($0) }
    }

    /// Where the rest of a path begins behind the last occurrence of folders.
    private static func place(behind folders: [Substring], in parts: [Substring]) -> Int? {
        parts.indices.last { end in
            end > folders.count && parts[..<end].suffix(folders.count).elementsEqual(folders)
        }
    }

    private static func percentDecoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.first != UInt8(ascii: "+"), rest.first != UInt8(ascii: "-"),
                let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16)
            {
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
        guard parts.count == 7, let month = months.firstIndex(of: String(parts[1])),
            let day = number(parts[0], 1...31), let year = number(parts[2], 1970...9999),
            let hour = number(parts[3], 0...23), let minute = number(parts[4], 0...59),
            let second = number(parts[5], 0...60), let zone = Int(parts[6]), (-9999...9999).contains(zone)
        else { return nil }
        var fields = tm()
        (fields.tm_mday, fields.tm_mon, fields.tm_year) = (day, Int32(month), year - 1900)
        (fields.tm_hour, fields.tm_min, fields.tm_sec) = (hour, minute, second)
        return timegm(&fields) - (zone / 100 * 3600 + zone % 100 * 60)
    }

    private static func number(_ text: Substring, _ range: ClosedRange<Int32>) -> Int32? {
        Int32(text).flatMap { range.contains($0) ? $0 : nil }
    }
}

extension Repository {
    /// Notes which refs were pulled when, as an access log tells.
    ///
    /// - Returns: how many of its lines told of refs that are here.
    public func noteUses(inAccessLog path: String) throws -> Int {
        var notes = try UseNotes(self)
        try Directory.openAnywhere(path).forEachLine { line in
            guard let (use, time) = AccessLog.use(in: line) else { return }
            notes.add(use, at: time)
        }
        try notes.write()
        return notes.count
    }

    /// Notes which refs were pulled when, in seconds since 1970.
    ///
    /// - Returns: how many of the uses were of refs that are here.
    public func noteUses(_ uses: [AccessLog.Use: Int]) throws -> Int {
        var notes = try UseNotes(self)
        for (use, time) in uses { notes.add(use, at: time) }
        try notes.write()
        return notes.count
    }
}

/// Uses of the refs of a repository, each ref with its latest one.
private struct UseNotes {
    private let repository: Repository
    private var refsOfCommit: [Checksum: [RefName]] = [:]
    private let known: Set<RefName>
    private var latest: [RefName: Int] = [:]
    // Nothing was used in the future, whatever the server's clock said.
    private let now = time(nil)
    /// How many uses were of refs that are here.
    private(set) var count = 0

    init(_ repository: Repository) throws {
        self.repository = repository
        for (ref, commit) in try repository.refs() { refsOfCommit[commit, default: []].append(ref) }
        known = Set(refsOfCommit.values.joined())
    }

    mutating func add(_ use: AccessLog.Use, at time: Int) {
        let used: [RefName]
        switch use {
        case .ref(let ref): used = known.contains(ref) ? [ref] : []
        case .commit(let commit): used = refsOfCommit[commit] ?? []
        }
        for ref in used { latest[ref] = max(latest[ref] ?? 0, min(time, now)) }
        count += used.isEmpty ? 0 : 1
    }

    func write() throws {
        for (ref, time) in latest { try repository.recordAccess(of: [ref], at: time) }
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
