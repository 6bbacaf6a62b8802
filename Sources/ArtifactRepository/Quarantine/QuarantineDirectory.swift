// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// The directory of a quarantine below a repository's `tmp`.
///
/// Its owner holds it locked (`flock`), so that an unlocked one is known to be left over. A resumable one may be taken
/// over by the next owner of its kind, for a day, but only while the machine has not restarted: until then the kernel
/// still knows what was written, synced or not.
final class QuarantineDirectory {
    private static let prefix = "bst-artifact-"
    /// The name of the directory for salvaged objects. It is older than the term.
    static let salvage = "reserve"
    /// After that time libostree removes what it does not know from `tmp`, too.
    private static let lifetimeInSeconds = 86_400

    /// Returns true if an entry of `tmp` has the name of a quarantine.
    static func isQuarantine(_ entry: String) -> Bool { entry.hasPrefix(prefix) }

    private let temporary: Directory
    private let name: String
    private let isResumable: Bool
    /// Indicates that its predecessor had another identity, whose next owner may want it back.
    private let isBorrowed: Bool
    /// The time at which its predecessor last changed it; nil for a new one.
    private let timeLeft: timespec?
    /// The directory, locked.
    let directory: Directory

    init(in temporary: Directory, _ purpose: QuarantinePurpose) throws {
        self.temporary = temporary
        isResumable = purpose != .transient
        let boot = try QuarantineDirectory.bootIdentifier()
        let start = QuarantineDirectory.start(of: purpose, boot)
        let settled = try QuarantineDirectory.settleLeftovers(
            in: temporary, kind: start.kind, identity: start.identity, boot)
        if let (name, directory) = settled {
            (self.name, self.directory) = (name, directory)
            isBorrowed = !name.hasPrefix(start.identity)
            timeLeft = try directory.descriptor.status().st_mtim
            return
        }
        (isBorrowed, timeLeft) = (false, nil)
        for _ in 0..<QuarantineDirectory.attempts {
            let name = "\(start.identity)\(String(UInt64.random(in: 0 ... .max), radix: 36))"
            try temporary.makeDirectory(name, mode: 0o700)
            // Between these steps another process may take it for left over, and remove it.
            guard let directory = try temporary.directoryIfPresent(name) else { continue }
            guard retryingInterrupts({ flock(directory.descriptor.number, LOCK_EX) }) == 0 else {
                throw SystemError("lock \(directory.path)")
            }
            guard try temporary.contains(name) else { continue }
            (self.name, self.directory) = (name, directory)
            return
        }
        throw RepositoryError(
            .conflict,
            "cannot make a directory in \(temporary.path): another program removes each one at once, so find it and "
                + "stop it")
    }

    /// Directories to make before giving up, if another process removes each as a leftover.
    private static let attempts = 100

    deinit {
        if !isResumable { remove() }
    }

    /// Begins the lifetime of a directory that was taken over anew, but not that of a borrowed one.
    func renewAge() throws {
        if let timeLeft { try temporary.setModificationTime(name, isBorrowed ? timeLeft : nil) }
    }

    /// Removes the directory, unless it is borrowed.
    func discard() {
        if !isBorrowed { remove() }
    }

    private func remove() {
        try? temporary.removeTree(name)
    }

    /// The name prefixes of directories that may be taken over, and of those that fit best.
    private static func start(
        of purpose: QuarantinePurpose, _ boot: String
    ) -> (kind: String?, identity: String) {
        guard case .resumable(let kind, let identity) = purpose else { return (nil, prefix) }
        let kindPrefix = "\(prefix)\(kind.rawValue)-\(boot)-"
        return (kindPrefix, "\(kindPrefix)\(identity.hex.prefix(16))-")
    }

    /// Removes leftovers that nobody may take over.
    ///
    /// - Returns: the number of directories.
    static func removeLeftovers(in temporary: Directory) throws -> Int {
        let boot = try bootIdentifier()
        var count = 0
        for entry in try temporary.entries() where entry.hasPrefix(prefix) {
            guard let directory = try openIfFree(entry, in: temporary),
                try !mayBeTakenOver(entry, directory, boot)
            else { continue }
            try temporary.removeTree(entry)
            count += 1
        }
        return count
    }

    /// Removes leftovers that nobody may take over, and takes over the one that fits best.
    private static func settleLeftovers(
        in temporary: Directory, kind: String?, identity: String, _ boot: String
    ) throws -> (name: String, directory: Directory)? {
        var found: (name: String, directory: Directory)?
        for entry in try temporary.entries() where entry.hasPrefix(prefix) {
            guard let directory = try openIfFree(entry, in: temporary) else { continue }
            guard try mayBeTakenOver(entry, directory, boot) else {
                // The next owner of a quarantine tries again.
                try? temporary.removeTree(entry)
                continue
            }
            guard let kind, entry.hasPrefix(kind) else { continue }
            if found == nil || entry.hasPrefix(identity) { found = (entry, directory) }
        }
        // Another process may have removed it between the listing and the lock.
        return try found.flatMap { try temporary.contains($0.name) ? $0 : nil }
    }

    private static func mayBeTakenOver(
        _ name: String, _ directory: Directory, _ boot: String
    ) throws -> Bool {
        let kinds = [QuarantinePurpose.Kind.push, .pull]
        guard kinds.contains(where: { name.hasPrefix("\(prefix)\($0.rawValue)-\(boot)-") }) else {
            return false
        }
        return try directory.descriptor.status().st_mtim.tv_sec + lifetimeInSeconds > time(nil)
    }

    /// Opens and locks a leftover; nil if the directory is in use, was removed, or is another user's.
    private static func openIfFree(_ name: String, in temporary: Directory) throws -> Directory? {
        guard let directory = try openIfAllowed(name, in: temporary),
            try lockIfFree(directory, LOCK_EX)
        else { return nil }
        return directory
    }

    /// Opens a directory; nil where it has gone, or is another user's, of which a repository may have several.
    private static func openIfAllowed(_ name: String, in temporary: Directory) throws -> Directory? {
        do { return try temporary.directory(name) } catch {
            if error.code == EACCES { return nil }
            return try error.absence()
        }
    }

    /// Locks a directory without waiting; false if another process has it locked.
    private static func lockIfFree(_ directory: Directory, _ operation: Int32) throws -> Bool {
        if retryingInterrupts({ flock(directory.descriptor.number, operation | LOCK_NB) }) == 0 {
            return true
        }
        guard errno == EWOULDBLOCK else { throw SystemError("lock \(directory.path)") }
        return false
    }

    /// The directories of running owners, whose objects expiry must keep. Those of other users cannot be read: if expiry
    /// removes something that such a push relies on, its publication notices and fails.
    static func running(in temporary: Directory) throws -> [Directory] {
        try temporary.entries().filter { $0.hasPrefix(prefix) }.compactMap { entry in
            guard let directory = try openIfAllowed(entry, in: temporary) else { return nil }
            return try lockIfFree(directory, LOCK_SH) ? nil : directory
        }
    }

    /// Identifies the time between two starts of the machine.
    private static func bootIdentifier() throws -> String {
        let bytes = try Directory.openAnywhere("/proc/sys/kernel/random/boot_id").readAll(limit: 128)
        // Half of the identifier suffices.
        return String(decoding: bytes.filter { $0 > 32 && $0 != UInt8(ascii: "-") }.prefix(16), as: UTF8.self)
    }
}
