// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// The first bytes of a large file, as they travelled, in a quarantine's `incoming`.
///
/// They are written while the file arrives, so that a killed process leaves them to its successor. Nobody has verified
/// them: a file that is continued behind them is checked as a whole.
struct Fragment {
    let checksum: Checksum
    /// The size of the whole file as it travels, in bytes; nil if nobody said.
    let total: UInt64?
    /// Distinguishes the fragments of one quarantine.
    let number: Int

    /// The size of a fragment that is worth continuing; less is received again as fast.
    static let minimumSize: UInt64 = 1 << 20

    /// The name of the file in `incoming`.
    var fileName: String { "\(checksum.hex)-\(total.map(String.init) ?? "")-\(number)" }

    init(_ checksum: Checksum, total: UInt64?, number: Int) {
        (self.checksum, self.total, self.number) = (checksum, total, number)
    }

    /// Parses the name of a file in `incoming`; nil for that of another one.
    private init?(fileName: String) {
        let parts = fileName.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let checksum = Checksum(hex: String(parts[0])), let number = Int(parts[2])
        else { return nil }
        self.init(checksum, total: UInt64(parts[1]), number: number)
    }

    /// The fragments that are worth continuing, with their sizes in bytes.
    private static func all(in incoming: Directory) throws -> [(fragment: Fragment, size: UInt64)] {
        var found: [(fragment: Fragment, size: UInt64)] = []
        try incoming.forEachEntry { entry in
            guard let fragment = Fragment(fileName: entry), let status = try incoming.status(of: entry),
                status.st_mode & S_IFMT == S_IFREG, status.st_size > minimumSize
            else { return }
            found.append((fragment, UInt64(status.st_size)))
        }
        return found
    }

    /// Returns true if there is a fragment that is worth continuing.
    static func isAny(in incoming: Directory) throws -> Bool { try !all(in: incoming).isEmpty }

    /// Takes over what a predecessor has left: keeps the largest fragment of each file, and removes everything else.
    static func takeOver(in incoming: Directory) throws -> [Checksum: (fragment: Fragment, size: UInt64)] {
        var kept: [Checksum: (fragment: Fragment, size: UInt64)] = [:]
        for found in try all(in: incoming)
        where kept[found.fragment.checksum].map({ $0.size < found.size }) ?? true {
            kept[found.fragment.checksum] = found
        }
        let names = Set(kept.values.map(\.fragment.fileName))
        try incoming.forEachEntry { entry in
            if !names.contains(entry) { try incoming.removeTree(entry) }
        }
        return kept
    }
}
