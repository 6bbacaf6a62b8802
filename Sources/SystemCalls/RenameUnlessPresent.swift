// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

extension Directory {
    /// Moves a file, but not a directory, to `newName` below `target`, unless this exists already.
    ///
    /// If the kernel or the file system (NFS, many of FUSE) does not support this, it makes a hard link and removes the old
    /// name: a crash in between leaves both. Without hard links it checks the name first, which replaces a file that
    /// another process creates at the same moment.
    ///
    /// - Parameter links: true to make a hard link first, which several threads do at once, and only one of them a renaming.
    /// - Returns: false if the name exists; then nothing is moved.
    public func renameUnlessPresent(
        _ name: String, to target: Directory, _ newName: String, byLinking links: Bool = false
    ) throws(SystemError) -> Bool {
        if links, let isMoved = try link(name, unlessPresent: newName, in: target) { return isMoved }
        let (from, to) = (descriptor.number, target.descriptor.number)
        let renamed = changing(.renameUnlessPresent(from, name, to, newName)) {
            clinux_rename_noreplace(from, name, to, newName)
        }
        if renamed == 0 { return true }
        if errno == EEXIST { return false }
        // A seccomp profile that does not know the call may answer EPERM.
        guard [EINVAL, ENOSYS, EPERM, EOPNOTSUPP].contains(errno) else {
            throw SystemError("move \(named(name)) to \(target.named(newName))")
        }
        if !links, let isMoved = try link(name, unlessPresent: newName, in: target) { return isMoved }
        if try target.contains(newName) { return false }
        try rename(name, to: target, newName)
        return true
    }

    /// Moves a file by making a hard link and removing the old name.
    ///
    /// - Returns: false if the new name exists; nil if there can be no link.
    private func link(
        _ name: String, unlessPresent newName: String, in target: Directory
    ) throws(SystemError) -> Bool? {
        let (from, to) = (descriptor.number, target.descriptor.number)
        let linked = changing(.link(from, name, to, newName)) { linkat(from, name, to, newName, 0) }
        if linked == 0 {
            try remove(name)
            return true
        }
        if errno == EEXIST { return false }
        guard [EPERM, ENOSYS, EOPNOTSUPP, EMLINK].contains(errno) else {
            throw SystemError("link \(named(name)) to \(target.named(newName))")
        }
        return nil
    }
}
