// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls
import TextCoding

/// A parser of web server access logs in the common or combined format, for the times at which artifacts were pulled.
///
/// A client requests a ref by name (`…/refs/heads/REF`), or takes its commit from the summary and requests that
/// (`…/objects/XX/YY….commit`). The requests in a log are untrusted input.
public struct AccessLog {
    /// The subject of a pull.
    public enum Use: Hashable, Sendable {
        /// A ref by its name.
        case ref(RefName)
        /// A commit.
        case commit(Checksum)
    }

    /// Parses one line.
    ///
    /// - Returns: The ref or commit that was pulled and the time in seconds since 1970; nil if the line records no
    ///   pull.
    public static func use(in line: Substring) -> (use: Use, time: Int)? {
        // host, identity, user [time] "request" status size "referrer" "agent"
        let quoted = line.utf8.split(
            separator: UInt8(ascii: "\""), maxSplits: 2, omittingEmptySubsequences: false
        ).map { Substring($0) }
        guard quoted.count == 3, quoted[0].hasSuffix("] "),
            // The last bracket: a user's name may contain others.
            let open = quoted[0].lastIndex(of: "["),
            let time = CalendarTime.seconds(in: quoted[0][open...].dropLast(), "[%d/%b/%Y:%H:%M:%S %z]"),
            let status = quoted[2].split(separator: " ").first, ["200", "206", "304"].contains(status)
        else { return nil }
        let request = quoted[1].split(separator: " ")
        guard request.count >= 2, request[0] == "GET", let use = use(of: request[1]) else { return nil }
        return (use, time)
    }

    private static func use(of target: Substring) -> Use? {
        let path = target.prefix { $0 != "?" && $0 != "#" }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        if let start = index(after: ["refs", "heads"], in: parts) {
            let name = PercentEncoding.decode(parts[start...].joined(separator: "/").utf8)
            return name.flatMap { RefName(String(decoding: $0, as: UTF8.self)) }.map { .ref($0) }
        }
        guard path.hasSuffix(".commit"), let start = index(after: ["objects"], in: parts),
            parts.count == start + 2
        else { return nil }
        return Checksum(hex: parts[start] + parts[start + 1].dropLast(".commit".count)).map { .commit($0) }
    }

    /// The index of the first part after the last occurrence of `directories` in a path; nil if it does not contain
    /// them.
    private static func index(after directories: [Substring], in parts: [Substring]) -> Int? {
        parts.indices.last { end in
            end > directories.count && parts[..<end].suffix(directories.count).elementsEqual(directories)
        }
    }
}

extension Repository {
    /// Records the pulls in an access log as accesses of the refs.
    ///
    /// - Returns: The number of lines that record pulls of existing refs.
    public func recordAccesses(fromLog path: String) throws -> Int {
        var accesses = try LatestAccesses(self)
        try Directory.openAnywhere(path).forEachLine { line in
            guard let (use, time) = AccessLog.use(in: line) else { return }
            accesses.add(use, at: time)
        }
        try accesses.record()
        return accesses.count
    }

    /// Records accesses of refs at times in seconds since 1970.
    ///
    /// - Returns: The number of accesses that were of existing refs.
    public func recordAccesses(_ uses: [AccessLog.Use: Int]) throws -> Int {
        var accesses = try LatestAccesses(self)
        for (use, time) in uses { accesses.add(use, at: time) }
        try accesses.record()
        return accesses.count
    }
}

/// The latest access of each ref of a repository.
private struct LatestAccesses {
    private let repository: Repository
    private var refsOfCommit: [Checksum: [RefName]] = [:]
    private let known: Set<RefName>
    private var latest: [RefName: Int] = [:]
    // The upper limit of all times: the server's clock may be ahead.
    private let now = time(nil)
    /// The number of accesses that were of existing refs.
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

    func record() throws {
        for (ref, time) in latest { try repository.recordAccess(of: [ref], at: time) }
    }
}

extension Descriptor {
    /// Visits the lines of a text, each truncated to 64 KiB.
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
