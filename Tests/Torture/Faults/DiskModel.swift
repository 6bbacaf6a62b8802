// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// A model of a directory after a power cut: it follows every change, and can undo those that were never synced.
///
/// The model is harsher than most file systems: a file whose content was not synced is left empty, even where its name
/// is durable, and of the names that were not synced any subset may survive.
final class DiskModel {
    /// A change of a directory that is not durable yet.
    private enum Change {
        case created(String)
        case madeDirectory(String)
        /// A rename, with a second name of the replaced file, if there was one.
        case renamed(String, String, replaced: String?)
        /// A removal, with a second name of the removed file; nil for a directory.
        case removed(String, saved: String?)

        /// The directories whose sync makes it durable.
        var directories: [String] {
            switch self {
            case .created(let path), .madeDirectory(let path), .removed(let path, _): [directory(of: path)]
            case .renamed(_, let target, _): [directory(of: target)]
            }
        }
    }

    private let root: String
    private let attic: String
    private var saved = 0
    private var pending: [Change] = []
    /// The inodes of files whose content is not durable.
    private var dirty: Set<UInt64> = []
    /// A second name made before a change that might destroy something.
    private var prepared: String?

    /// Follows what happens below `root`; `attic` is an empty directory elsewhere on the same file system.
    init(root: String, attic: String) {
        self.root = root
        self.attic = attic
    }

    /// The path of a name in a directory that is open, if it is below the root.
    func path(_ descriptor: Int32, _ name: String? = nil) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
        guard count > 0 else { return nil }
        let directory = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard directory == root || directory.hasPrefix(root + "/") else { return nil }
        return name.map { $0 == "." ? directory : "\(directory)/\($0)" } ?? directory
    }

    /// Saves what a change is about to destroy.
    func prepare(_ change: FileSystemChange) {
        prepared = nil
        switch change {
        case .rename(_, _, let descriptor, let name), .remove(let descriptor, let name):
            guard let path = path(descriptor, name) else { return }
            saved += 1
            let copy = "\(attic)/\(saved)"
            if link(path, copy) == 0 { prepared = copy }
        default: break
        }
    }

    /// Notes a change that was made.
    func note(_ change: FileSystemChange) {
        switch change {
        case .create(let descriptor, let name), .link(_, _, let descriptor, let name):
            path(descriptor, name).map { pending.append(.created($0)) }
        case .makeDirectory(let descriptor, let name):
            path(descriptor, name).map { pending.append(.madeDirectory($0)) }
        case .rename(let from, let name, let to, let newName),
            .renameUnlessPresent(let from, let name, let to, let newName):
            guard let source = path(from, name), let target = path(to, newName) else { return }
            pending.append(.renamed(source, target, replaced: prepared))
        case .remove(let descriptor, let name):
            path(descriptor, name).map { pending.append(.removed($0, saved: prepared)) }
        case .write(let descriptor):
            if path(descriptor) != nil { dirty.insert(inode(descriptor)) }
        case .setMetadata, .setTime: break
        case .sync(let descriptor):
            dirty.remove(inode(descriptor))
            guard let path = path(descriptor) else { return }
            pending.removeAll { $0.directories.contains(path) }
        case .syncFileSystem:
            pending = []
            dirty = []
        }
    }

    private func inode(_ descriptor: Int32) -> UInt64 {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    /// Undoes the changes that are not durable, except those that `survives` spares.
    func lose(_ survives: () -> Bool) {
        for change in pending.reversed() where !survives() { undo(change) }
        if !dirty.isEmpty {
            let lost = dirty.filter { _ in !survives() }
            forEachFile(below: root) { path, inode in
                if lost.contains(inode) { truncate(path, 0) }
            }
        }
    }

    private func undo(_ change: Change) {
        switch change {
        case .created(let path): unlink(path)
        case .madeDirectory(let path): rmdir(path)
        case .renamed(let source, let target, let replaced):
            rename(target, source)
            if let replaced { link(replaced, target) }
        case .removed(let path, let saved):
            if let saved { link(saved, path) } else { mkdir(path, 0o755) }
        }
    }

    private func forEachFile(below directory: String, _ visit: (String, UInt64) -> Void) {
        guard let stream = opendir(directory) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            let path = "\(directory)/\(name)"
            if entry.pointee.d_type == UInt8(DT_DIR) {
                forEachFile(below: path, visit)
            } else {
                visit(path, UInt64(entry.pointee.d_ino))
            }
        }
    }
}

/// The directory that holds something.
private func directory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
}
