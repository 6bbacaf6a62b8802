// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// An open directory. The paths that its methods take are relative to it; a symbolic link as their last part is not
/// followed.
public struct Directory: Sendable {
    /// The directory's descriptor.
    public let descriptor: Descriptor
    /// The path for messages.
    public let path: String

    /// Opens a directory by its path.
    public init(_ path: String) throws(SystemError) {
        let number = retryingInterrupts { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard number >= 0 else { throw SystemError("open directory \(path)") }
        self.descriptor = Descriptor(number)
        self.path = path
    }

    init(descriptor: Descriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    func named(_ name: String) -> String { "\(path)/\(name)" }

    /// Opens a directory below this one.
    public func directory(_ name: String) throws(SystemError) -> Directory {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW
        let number = retryingInterrupts { openat(descriptor.number, name, flags) }
        guard number >= 0 else { throw SystemError("open directory \(named(name))") }
        return Directory(descriptor: Descriptor(number), path: named(name))
    }

    /// Opens a directory below this one; nil if there is none of that name.
    public func directoryIfPresent(_ name: String) throws(SystemError) -> Directory? {
        do { return try directory(name) } catch { return try error.absence() }
    }

    /// Makes a directory, which must not exist yet unless `mayExist`. The umask or a default ACL restricts `mode`.
    public func makeDirectory(
        _ name: String, mode: mode_t = 0o777, mayExist: Bool = false
    ) throws(SystemError) {
        let result = changing(.makeDirectory(descriptor.number, name)) {
            mkdirat(descriptor.number, name, mode)
        }
        if result != 0 && !(mayExist && errno == EEXIST) {
            throw SystemError("make directory \(named(name))")
        }
    }

    /// Calls a closure that makes a file at a path below this directory, and calls it again if the directory that the file lies in
    /// had to be made first.
    package func makingParent<T>(
        of path: String, _ makeFile: () throws(SystemError) -> T
    ) throws(SystemError) -> T {
        do { return try makeFile() } catch {
            guard error.code == ENOENT, let end = path.lastIndex(of: "/") else { throw error }
            try makeDirectory(String(path[..<end]), mayExist: true)
            return try makeFile()
        }
    }

    /// Opens an existing file for reading; a symbolic link is not followed.
    public func openFile(_ name: String) throws(SystemError) -> Descriptor {
        let number = retryingInterrupts { openat(descriptor.number, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }
        guard number >= 0 else { throw SystemError("open \(named(name))") }
        return Descriptor(number, path: named(name))
    }

    /// Opens a file for reading as `openFile` does; nil if there is none of that name.
    public func fileIfPresent(_ name: String) throws(SystemError) -> Descriptor? {
        do { return try openFile(name) } catch { return try error.absence() }
    }

    /// Creates a file for reading and writing. The umask or a default ACL restricts `mode`.
    public func createFile(_ name: String, mode: mode_t = 0o666) throws(SystemError) -> Descriptor {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let number = changing(.create(descriptor.number, name)) {
            openat(descriptor.number, name, flags, mode)
        }
        guard number >= 0 else { throw SystemError("create \(named(name))") }
        return Descriptor(number, path: named(name))
    }

    /// Opens an existing file for reading and writing; a symbolic link is not followed.
    public func openForWriting(_ name: String) throws(SystemError) -> Descriptor {
        let number = retryingInterrupts { openat(descriptor.number, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW) }
        guard number >= 0 else { throw SystemError("open \(named(name))") }
        return Descriptor(number, path: named(name))
    }

    /// Appends bytes to a file, and creates it if it does not exist.
    public func append(_ bytes: [UInt8], to name: String) throws(SystemError) {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        let number = changing(.create(descriptor.number, name)) {
            openat(descriptor.number, name, flags, 0o666)
        }
        guard number >= 0 else { throw SystemError("open \(named(name))") }
        try Descriptor(number, path: named(name)).writeAll(bytes)
    }

    /// Creates an unnamed file, which vanishes when it is closed.
    public func unnamedFile() throws(SystemError) -> Descriptor {
        let number = retryingInterrupts { clinux_open_unnamed(descriptor.number, ".", 0o600) }
        guard number >= 0 else { throw SystemError("create a temporary file in \(path)") }
        return Descriptor(number)
    }

    /// Returns the result of `lstat`; nil if there is no such file.
    public func status(of name: String) throws(SystemError) -> stat? {
        var result = stat()
        if clinux_fstatat(descriptor.number, name, &result, AT_SYMLINK_NOFOLLOW) == 0 { return result }
        return try SystemError("look at \(named(name))").absence()
    }

    /// Returns true if there is something of that name, also a dangling link.
    ///
    /// It does not use `faccessat2`, which older seccomp profiles refuse.
    public func contains(_ name: String) throws(SystemError) -> Bool {
        try status(of: name) != nil
    }

    /// Returns the target of a symbolic link.
    public func linkTarget(_ name: String) throws(SystemError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlinkat(descriptor.number, name, &buffer, buffer.count)
        guard count >= 0 else { throw SystemError("read link \(named(name))") }
        return buffer[..<count].map(UInt8.init(bitPattern:))
    }

    /// Makes a symbolic link.
    public func makeLink(_ name: String, target: String) throws(SystemError) {
        let result = changing(.create(descriptor.number, name)) {
            symlinkat(target, descriptor.number, name)
        }
        guard result == 0 else { throw SystemError("make link \(named(name))") }
    }

    /// Sets the owner of a file or symbolic link.
    public func setOwner(of name: String, _ user: uid_t, _ group: gid_t) throws(SystemError) {
        let result = changing(.setMetadata(descriptor.number)) {
            fchownat(descriptor.number, name, user, group, AT_SYMLINK_NOFOLLOW)
        }
        guard result == 0 else { throw SystemError("set the owner of \(named(name))") }
    }

    /// Sets an extended attribute of a file or symbolic link.
    ///
    /// - Parameter attribute: Its name, with a final NUL.
    public func setAttribute(
        of name: String, rawName attribute: [UInt8], to value: [UInt8]
    ) throws(SystemError) {
        // There is no such call for a link in an open directory.
        let location = "/proc/self/fd/\(descriptor.number)/\(name)"
        let result = changing(.setMetadata(descriptor.number)) {
            attribute.withUnsafeBytes {
                lsetxattr(
                    location, $0.baseAddress?.assumingMemoryBound(to: CChar.self), value, value.count, 0)
            }
        }
        guard result == 0 else {
            throw SystemError(
                "set attribute \(String(decoding: attribute.dropLast(), as: UTF8.self)) of \(named(name))")
        }
    }

    /// Moves a file to `newName` below `target`, replacing an existing one.
    public func rename(_ name: String, to target: Directory, _ newName: String) throws(SystemError) {
        let result = changing(.rename(descriptor.number, name, target.descriptor.number, newName)) {
            renameat(descriptor.number, name, target.descriptor.number, newName)
        }
        guard result == 0 else { throw SystemError("move \(named(name)) to \(target.named(newName))") }
    }

    /// Makes a hard link to a file, below `target`.
    ///
    /// - Returns: false if the file does not exist.
    /// - Throws: `SystemError`, with `EEXIST` if the new name is taken.
    public func link(
        _ name: String, to target: Directory, _ newName: String
    ) throws(SystemError) -> Bool {
        let result = changing(.link(descriptor.number, name, target.descriptor.number, newName)) {
            linkat(descriptor.number, name, target.descriptor.number, newName, 0)
        }
        if result == 0 { return true }
        if errno == ENOENT { return false }
        throw SystemError("link \(named(name)) to \(target.named(newName))")
    }

    /// Sets a file's modification time; nil stands for now.
    public func setModificationTime(_ name: String, _ time: timespec?) throws(SystemError) {
        let result = changing(.setTime(descriptor.number, name)) {
            guard var time else { return clinux_set_mtime(descriptor.number, name, nil) }
            return clinux_set_mtime(descriptor.number, name, &time)
        }
        guard result == 0 else { throw SystemError("set the time of \(named(name))") }
    }

    /// Removes a file, if it exists.
    public func remove(_ name: String) throws(SystemError) {
        if unlink(name, 0) != 0 && errno != ENOENT { throw SystemError("remove \(named(name))") }
    }

    private func unlink(_ name: String, _ flags: Int32) -> Int32 {
        changing(.remove(descriptor.number, name)) { unlinkat(descriptor.number, name, flags) }
    }

    /// Removes a directory and its content, if it exists, including directories without write permission.
    public func removeTree(_ name: String) throws(SystemError) {
        if unlink(name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw SystemError("remove \(named(name))") }
        do {
            try removeEntries(of: name)
        } catch {
            guard error.code == EACCES, try takeOver(name) else { throw error }
            try removeEntries(of: name)
        }
        if unlink(name, AT_REMOVEDIR) != 0 && errno != ENOENT {
            throw SystemError("remove directory \(named(name))")
        }
    }

    private func removeEntries(of name: String) throws(SystemError) {
        let child = try directory(name)
        for entry in try child.entries() { try child.removeTree(entry) }
    }

    /// Makes this process the owner of a directory, with all permissions.
    ///
    /// - Returns: true if this changed anything.
    private func takeOver(_ name: String) throws(SystemError) -> Bool {
        guard let status = try status(of: name), status.st_mode & S_IFMT == S_IFDIR else { return false }
        let isOwn = status.st_uid == geteuid()
        if !isOwn, fchownat(descriptor.number, name, geteuid(), gid_t.max, AT_SYMLINK_NOFOLLOW) != 0 {
            return false
        }
        if status.st_mode & 0o700 == 0o700 { return !isOwn }
        return fchmodat(descriptor.number, name, status.st_mode & 0o777 | 0o700, 0) == 0
    }

    /// Removes a tree of directories without files.
    ///
    /// - Throws: `SystemError` if there is a file in it, which stays.
    public func removeEmptyDirectories(_ name: String) throws(SystemError) {
        let child = try directory(name)
        for entry in try child.entries() { try child.removeEmptyDirectories(entry) }
        if unlink(name, AT_REMOVEDIR) != 0 && errno != ENOENT {
            throw SystemError("remove directory \(named(name))")
        }
    }

    /// Returns the names in this directory, without `.` and `..`, in no particular order.
    public func entries() throws(SystemError) -> [String] {
        let stream = try openStream()
        defer { closedir(stream) }
        var names: [String] = []
        while let name = try next(in: stream) { names.append(name) }
        return names
    }

    /// Calls `visit` with each name in this directory, without `.` and `..`, in no particular order. It may remove or move
    /// the entry.
    public func forEachEntry(_ visit: (String) throws -> Void) throws {
        let stream = try openStream()
        defer { closedir(stream) }
        while let name = try next(in: stream) { try visit(name) }
    }

    /// Returns true if this directory has no entries.
    public func isEmpty() throws(SystemError) -> Bool { try entryCount(upTo: 1) == 0 }

    /// Returns the number of entries in this directory, without `.` and `..`; no more than `limit` are looked at.
    package func entryCount(upTo limit: Int) throws(SystemError) -> Int {
        let stream = try openStream()
        defer { closedir(stream) }
        var count = 0
        while count < limit, try next(in: stream) != nil { count += 1 }
        return count
    }

    private func openStream() throws(SystemError) -> OpaquePointer {
        let number = openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { throw SystemError("open directory \(path)") }
        guard let stream = fdopendir(number) else {
            Glibc.close(number)
            throw SystemError("read directory \(path)")
        }
        return stream
    }

    private func next(in stream: OpaquePointer) throws(SystemError) -> String? {
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw SystemError("read directory \(path)") }
                return nil
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { return name }
        }
    }

    /// Puts a small file, durably written, at `path` of another directory, in place of what is there. This directory, on
    /// the same file system, holds it while it is written. The name is durable once the target's directory is synced.
    ///
    /// - Parameter mode: its permission bits; nil for those of every new file.
    package func replaceFile(
        _ path: String, of target: Directory, with bytes: [UInt8], mode: mode_t? = nil
    ) throws(SystemError) {
        let name = "replacement"
        try remove(name)
        do {
            let file = try createFile(name, mode: mode ?? 0o666)
            if let mode { try file.setMode(mode) }
            try file.writeAll(bytes)
            try file.sync()
            try rename(name, to: target, path)
        } catch {
            try? remove(name)
            throw error
        }
    }

    /// Makes the directory's entries durable.
    public func sync() throws(SystemError) {
        do { try descriptor.sync() } catch { throw SystemError("sync directory \(path)", code: error.code) }
    }
}

extension Directory {
    /// Opens a file for reading by a path of the whole file system. Links are followed.
    public static func openAnywhere(_ path: String) throws(SystemError) -> Descriptor {
        let number = retryingInterrupts { Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) }
        guard number >= 0 else { throw SystemError("open \(path)") }
        return Descriptor(number, path: path)
    }

    /// Opens a file as `openAnywhere` does; nil if there is none.
    public static func fileAnywhereIfPresent(_ path: String) throws(SystemError) -> Descriptor? {
        do { return try openAnywhere(path) } catch { return try error.absence() }
    }

    /// Returns true if a path of the whole file system exists. Links are followed.
    public static func exists(_ path: String) throws(SystemError) -> Bool {
        try status(at: path, followingLinks: true) != nil
    }

    /// Returns the status of what a path of the whole file system names; nil if there is nothing.
    package static func status(at path: String, followingLinks: Bool) throws(SystemError) -> stat? {
        var result = stat()
        let flags = followingLinks ? 0 : AT_SYMLINK_NOFOLLOW
        if clinux_fstatat(AT_FDCWD, path, &result, flags) == 0 { return result }
        return try SystemError("look at \(path)").absence()
    }

    /// Makes the missing directories that lead to an absolute path, but not its last part.
    package static func makeParents(of path: String) throws(SystemError) {
        for (index, character) in zip(path.indices, path) where character == "/" && index > path.startIndex {
            let parent = String(path[..<index])
            guard mkdir(parent, 0o755) == 0 || errno == EEXIST else {
                throw SystemError("make directory \(parent)")
            }
        }
    }

    /// The path of what a path names, without symbolic links; nil if there is nothing.
    public static func realPath(_ path: String) -> String? {
        guard let result = realpath(path, nil) else { return nil }
        defer { free(result) }
        return String(cString: result)
    }

    /// Returns true if this process may execute a file, by a path of the whole file system.
    public static func isExecutable(_ path: String) -> Bool {
        access(path, X_OK) == 0
    }
}
