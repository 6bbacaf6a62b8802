// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// The latest access of each ref of a repository or bucket.
package struct LatestAccesses {
    private var refsOfCommit: [Checksum: [RefName]] = [:]
    private let known: Set<RefName>
    // The upper limit of all times: the server's clock may be ahead.
    private let now = time(nil)
    /// The times of the accesses, in seconds since 1970. Refs without any are left out.
    package private(set) var times: [RefName: Int] = [:]

    /// Prepares to note the accesses of refs that exist.
    package init(of refs: some Sequence<(ref: RefName, commit: Checksum)>) {
        for (ref, commit) in refs { refsOfCommit[commit, default: []].append(ref) }
        known = Set(refsOfCommit.values.joined())
    }

    /// Notes the pulls in a web server's log.
    ///
    /// - Returns: the number of lines that record pulls of existing refs.
    package mutating func add(fromLog path: String) throws -> Int {
        var count = 0
        try Directory.openAnywhere(path).forEachLine { line in
            guard let (use, time) = AccessLog.use(in: line) else { return }
            count += add(use, at: time) ? 1 : 0
        }
        return count
    }

    /// Notes an access.
    ///
    /// - Returns: false if it was of no ref that exists.
    mutating func add(_ use: AccessLog.Use, at time: Int) -> Bool {
        let used: [RefName]
        switch use {
        case .ref(let ref): used = known.contains(ref) ? [ref] : []
        case .commit(let commit): used = refsOfCommit[commit] ?? []
        }
        for ref in used { times[ref] = max(times[ref] ?? 0, min(time, now)) }
        return !used.isEmpty
    }
}

extension Repository {
    /// Records the pulls in an access log as accesses of the refs.
    ///
    /// - Returns: The number of lines that record pulls of existing refs.
    public func recordAccesses(fromLog path: String) throws -> Int {
        var accesses = LatestAccesses(of: try refs())
        let count = try accesses.add(fromLog: path)
        try record(accesses)
        return count
    }

    /// Records accesses of refs at times in seconds since 1970.
    ///
    /// - Returns: The number of accesses that were of existing refs.
    public func recordAccesses(_ uses: [AccessLog.Use: Int]) throws -> Int {
        var accesses = LatestAccesses(of: try refs())
        let count = uses.count { accesses.add($0.key, at: $0.value) }
        try record(accesses)
        return count
    }

    private func record(_ accesses: LatestAccesses) throws {
        for (ref, time) in accesses.times { try recordAccess(of: [ref], at: time) }
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
