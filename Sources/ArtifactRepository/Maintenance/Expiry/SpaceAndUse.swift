// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

extension Repository {
    /// When a ref was used last, in seconds since 1970; nil where there is no such ref.
    func lastUse(of ref: RefName) throws -> Int? {
        try root.status(of: "refs/heads/\(ref)")?.st_mtim.tv_sec
    }

    /// When the refs of a listing were used last, in seconds since 1970: an alias when its target was, and the other way round.
    func lastUses(of listing: RefListing) throws -> [RefName: Int] {
        var latest: [RefName: Int] = [:]
        for (ref, _) in listing.refs {
            let target = listing.target(of: ref).ref
            latest[target] = max(latest[target] ?? 0, try lastUse(of: ref) ?? 0)
        }
        var uses: [RefName: Int] = [:]
        for (ref, _) in listing.refs { uses[ref] = latest[listing.target(of: ref).ref] }
        return uses
    }

    /// Notes that refs were used now, or at a time in seconds since 1970 where that is later than what is noted.
    ///
    /// Who may write to another's file may set its time to now, and to no other: so the former stands for the latter. A ref
    /// that another member of the group has made with `ostree`, which lets nobody else write to it, is passed over.
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

    /// How many bytes of the repository's file system are free for its owner; `.max` where it does not say.
    public func freeBytes() throws -> UInt64 {
        var status = statvfs()
        guard fstatvfs(root.descriptor.number, &status) == 0 else {
            throw SystemError("look at the file system of \(path)")
        }
        // A file system that knows no size, ramfs for one, is as large as need be.
        return status.f_blocks == 0 ? .max : UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// The bytes of disk that objects and static deltas take. That of objects is remembered, and counted only after others
    /// changed something.
    public func allocatedBytes() throws -> UInt64 {
        try allocatedBytesOfObjects() + StaticDeltas(self).bytes
    }

    private func allocatedBytesOfObjects() throws -> UInt64 {
        try withRefLock {
            var complete = try CompleteTrees(self)
            if let known = complete.allocatedBytes { return known }
            var bytes: UInt64 = 0
            try forEachObject { path, _ in bytes += UInt64(try objects.status(of: path)?.st_blocks ?? 0) * 512
            }
            complete.setAllocation(bytes)
            complete.save(temporaryFilesIn: try standardDirectory("tmp"))
            return bytes
        }
    }

    private func salvage(of quarantine: Directory) throws(SystemError) -> [String] {
        do { return try quarantine.directory(QuarantineDirectory.salvage).entries() } catch {
            // Its owner may have just ended.
            return try error.absence() ?? []
        }
    }

    /// What pushes in progress were told to be present.
    func salvagedObjects() throws -> [ObjectName] {
        guard let temporary = try root.directoryIfPresent("tmp") else { return [] }
        return try QuarantineDirectory.running(in: temporary).flatMap { folder in
            try salvage(of: folder).compactMap { ObjectName(fileName: $0) }
        }
    }
}
