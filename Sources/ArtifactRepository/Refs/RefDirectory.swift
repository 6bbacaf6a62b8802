// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import CLinux
import Glibc
import SystemCalls

/// The children of one directory of refs, sorted as whole names are: a directory as if its name ended with a slash.
struct RefDirectory {
    /// Kinds of children.
    enum Kind {
        case ref
        case alias
        case directory
    }

    /// A ref, an alias of one or a directory.
    struct Child {
        var kind: Kind
        fileprivate var start: Int
        fileprivate var count: Int
    }

    private var names: [UInt8] = []
    /// The children, sorted.
    private(set) var children: [Child] = []

    /// Reads an open directory.
    init(_ number: Int32) throws(SystemError) {
        let copy = openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { throw SystemError("read a directory of refs") }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw SystemError("read a directory of refs") }
                break
            }
            try add(&entry.pointee, in: number)
        }
        sort()
    }

    private mutating func add(_ entry: inout dirent, in number: Int32) throws(SystemError) {
        let type = entry.d_type
        let place = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        try withUnsafeBytes(of: &entry) { raw throws(SystemError) in
            let text = UnsafeRawBufferPointer(rebasing: raw[place...])
            let name = UnsafeRawBufferPointer(rebasing: text.prefix { $0 != 0 })
            let isDots = name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") }
            guard !isDots, let kind = try RefDirectory.kind(type, text, in: number) else { return }
            children.append(Child(kind: kind, start: names.count, count: name.count))
            names.append(contentsOf: name)
            // For sorting, and in the end for the system.
            names.append(kind == .directory ? UInt8(ascii: "/") : 0)
        }
    }

    private static func kind(
        _ type: UInt8, _ name: UnsafeRawBufferPointer, in number: Int32
    ) throws(SystemError) -> Kind? {
        // The types in directory entries are those of `stat`, without the bits of permissions.
        let isUnknown = Int(type) == DT_UNKNOWN
        let mode = isUnknown ? try status(name, in: number)?.st_mode : mode_t(type) << 12
        switch mode.map({ $0 & S_IFMT }) {
        case S_IFREG: return .ref
        case S_IFDIR: return .directory
        case S_IFLNK: return .alias
        default: return nil
        }
    }

    /// The result of `lstat` for a NUL-terminated path; nil where there is nothing of that name.
    static func status(_ path: UnsafeRawBufferPointer, in number: Int32) throws(SystemError) -> stat? {
        guard let start = path.bindMemory(to: CChar.self).baseAddress else { return nil }
        var result = stat()
        if clinux_fstatat(number, start, &result, AT_SYMLINK_NOFOLLOW) == 0 { return result }
        return try SystemError("look at ref \(String(cString: start))").absence()
    }

    private mutating func sort() {
        names.withUnsafeBytes { names in
            guard let base = names.baseAddress else { return }
            // With the slash of a directory; a NUL sorts before everything, as the end of a name does.
            children.sort {
                memcmp(base + $0.start, base + $1.start, min($0.count, $1.count) + 1) < 0
            }
        }
        for child in children where child.kind == .directory { names[child.start + child.count] = 0 }
    }

    /// Lends the name of a child, which a NUL follows.
    func withName<T>(_ child: Child, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
        try names.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[child.start..<(child.start + child.count)]))
        }
    }
}
