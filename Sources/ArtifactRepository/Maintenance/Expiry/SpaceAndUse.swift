// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

extension Repository {
    /// The time of a ref's last use, in seconds since 1970; nil if it does not exist.
    package func lastUse(of ref: RefName) throws -> Int? {
        try root.status(of: "refs/heads/\(ref)")?.st_mtim.tv_sec
    }

    /// The times of the last uses of the targets of a listing's aliases, in seconds since 1970, as far as aliases were used
    /// later than these themselves.
    func lastUses(ofAliasesIn listing: RefListing) throws -> [RefName: Int] {
        var latest: [RefName: Int] = [:]
        for alias in listing.aliases.keys {
            let target = listing.target(of: alias).ref
            latest[target] = max(
                latest[target] ?? 0, try lastUse(of: alias) ?? 0, try lastUse(of: target) ?? 0)
        }
        return latest
    }

    /// Records that refs are used now.
    public func recordAccess(of refs: [RefName]) throws { try recordAccess(of: refs, at: nil) }

    /// Records that refs were used now, or at a time in seconds since 1970 if that is later than the recorded one.
    ///
    /// Only a file's owner may set an arbitrary time; others with write access may set the current one, which is used
    /// then. Refs without group write access, as `ostree` creates them, are skipped.
    public func recordAccess(of refs: [RefName], at time: Int?) throws {
        for ref in refs {
            guard let last = try lastUse(of: ref), time ?? .max > last else { continue }
            let path = "refs/heads/\(ref)"
            do {
                try root.setModificationTime(path, time.map { timespec(tv_sec: $0, tv_nsec: 0) })
            } catch {
                guard permissions.isShared, access("\(self.path)/refs/heads", W_OK) == 0 else { throw error }
                try? root.setModificationTime(path, nil)
            }
        }
    }

    /// Waits until the clock of the file system has moved on, and returns its time before that, in nanoseconds since 1970:
    /// everything that happens later gets a later change time.
    func settledTime() throws -> UInt64 {
        let temporary = try standardDirectory("tmp")
        let name = "bst-artifact-clock-\(UInt64.random(in: .min ... .max))"
        let status = try temporary.createFile(name).status()
        try temporary.remove(name)
        _ = CompleteTrees.waitForTick(after: status.st_ctim)
        return FileStamp(status).changed
    }

    /// The free bytes of the repository's file system; `.max` if it reports no size.
    public func freeBytes() throws -> UInt64 {
        var status = statvfs()
        guard fstatvfs(root.descriptor.number, &status) == 0 else {
            throw SystemError("look at the file system of \(path)")
        }
        // A file system without a size, such as ramfs, has no limit.
        return status.f_blocks == 0 ? .max : UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// The disk usage of objects and static deltas in bytes. The objects' total is stored, and recounted only after
    /// another program changed the repository.
    public func allocatedBytes() throws -> UInt64 {
        try allocatedBytesOfObjects() + StaticDeltas(self).bytes
    }

    /// The stored total of the objects' disk usage in bytes, without static deltas; nil if it is out of date. Reading
    /// it counts nothing and takes no lock.
    public var rememberedAllocation: UInt64? {
        // Without the lock a publication in progress may be missed; the next read sees it.
        (try? CompleteTrees(self))?.allocatedBytes
    }

    private func allocatedBytesOfObjects() throws -> UInt64 {
        try withRefLock {
            var complete = try CompleteTrees(self)
            if let known = complete.allocatedBytes { return known }
            var bytes: UInt64 = 0
            try forEachObject { path, _ in
                bytes += UInt64(try objects.status(of: path)?.st_blocks ?? 0) * 512
            }
            complete.allocatedBytes = bytes
            complete.save()
            return bytes
        }
    }

    private func salvage(of quarantine: Directory) throws(SystemError) -> [String] {
        do { return try quarantine.directory(QuarantineDirectory.salvage).entries() } catch {
            // The quarantine's owner may have just ended.
            return try error.absence() ?? []
        }
    }

    /// The objects that pushes in progress were told are present.
    func salvagedObjects() throws -> [ObjectName] {
        guard let temporary = try root.directoryIfPresent("tmp") else { return [] }
        return try QuarantineDirectory.running(in: temporary).flatMap { quarantine in
            try salvage(of: quarantine).compactMap { ObjectName(fileName: $0) }
        }
    }
}
