// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// The folder of a quarantine below a repository's `tmp`.
///
/// Its owner holds it locked (`flock`), so that an unlocked one is known to be left over. A resumable one may be taken
/// over by the next owner of its kind, but only while the machine has not restarted: until then the kernel still knows
/// what was written, synced or not.
final class QuarantineFolder {
    private static let prefix = "bst-artifact-"
    private static let resumablePrefix = "bst-artifact-pull-"

    private let temporary: Directory
    private let name: String
    private let isResumable: Bool
    /// The folder, locked.
    let directory: Directory

    init(in temporary: Directory, isResumable: Bool) throws {
        self.temporary = temporary
        self.isResumable = isResumable
        let boot = try QuarantineFolder.bootIdentifier()
        if let (name, directory) = QuarantineFolder.settleLeftovers(
            in: temporary, takingOver: isResumable ? "\(QuarantineFolder.resumablePrefix)\(boot)" : nil)
        {
            (self.name, self.directory) = (name, directory)
            return
        }
        let start = isResumable ? "\(QuarantineFolder.resumablePrefix)\(boot)-" : QuarantineFolder.prefix
        name = "\(start)\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        try temporary.makeDirectory(name, mode: 0o700)
        directory = try temporary.directory(name)
        guard retryingInterrupts({ flock(directory.descriptor.number, LOCK_EX) }) == 0 else {
            throw SystemError("lock \(directory.path)")
        }
    }

    deinit {
        if !isResumable { remove() }
    }

    func remove() {
        try? temporary.removeTree(name)
    }

    /// Removes what dead owners left, except what may be taken over later; takes over the first that fits.
    private static func settleLeftovers(
        in temporary: Directory, takingOver wanted: String?
    ) -> (name: String, directory: Directory)? {
        guard let boot = try? bootIdentifier() else { return nil }
        var found: (name: String, directory: Directory)?
        for entry in (try? temporary.entries()) ?? [] where entry.hasPrefix(prefix) {
            guard let directory = try? temporary.directory(entry),
                flock(directory.descriptor.number, LOCK_EX | LOCK_NB) == 0,
                // One without this is just being made.
                directory.contains("incoming")
            else { continue }
            if let wanted, found == nil, entry.hasPrefix(wanted) {
                found = (entry, directory)
            } else if !entry.hasPrefix("\(resumablePrefix)\(boot)") {
                try? temporary.removeTree(entry)
            }
        }
        return found
    }

    /// Identifies the time between two starts of the machine.
    private static func bootIdentifier() throws -> String {
        let bytes = try Directory.openAnywhere("/proc/sys/kernel/random/boot_id").readAll(limit: 128)
        return String(decoding: bytes.prefix { $0 > 32 && $0 != UInt8(ascii: "/") }, as: UTF8.self)
    }
}
