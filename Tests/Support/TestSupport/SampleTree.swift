// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Directories with content that is awkward to carry from one machine to another.
public struct SampleTree: Sendable {
    /// The directory.
    public let path: String
    /// True if the file system took the extended attributes of the file `attributes`.
    public let hasExtendedAttributes: Bool

    /// A file name as long as a file name can be: 255 bytes, of two-byte letters and one of a single byte.
    public static let longName = String(repeating: "ä", count: 127) + "z"

    /// Makes a directory with a bit of everything: symbolic links, also to nowhere and out of the tree, an
    /// empty file, one with the setuid bit, a program, an unwritable directory, a file with extended
    /// attributes, names with spaces, newlines, UTF-8, a leading dash and 255 bytes, empty directories in each
    /// other, equal files, and a binary of 3 MiB of which half can be compressed.
    ///
    /// - Parameter path: The directory to make; the one it is to lie in must exist.
    public init(at path: String) throws {
        self.path = path
        try SampleTree.makeDirectory(path)
        for name in ["bin", "names", "links", "empty", "empty/in", "empty/in/another", "readonly"] {
            try SampleTree.makeDirectory("\(path)/\(name)")
        }
        try SampleTree.file("\(path)/empty file", [])
        try SampleTree.file("\(path)/one byte", [0])
        try SampleTree.file("\(path)/bin/program", Array("#!/bin/sh\necho hello\n".utf8), mode: 0o755)
        try SampleTree.file("\(path)/bin/setuid", Array("#!/bin/sh\nid -u\n".utf8), mode: 0o4755)
        try SampleTree.file("\(path)/bin/private", Array("secret\n".utf8), mode: 0o600)
        for name in [
            "with space", "new\nline", "žluťoučký kůň 🐎", "-n", "back\\slash", "a\tb", "…",
            SampleTree.longName,
        ] {
            try SampleTree.file("\(path)/names/\(name)", Array("the same in each\n".utf8))
        }
        for (name, target) in [
            ("file", "../bin/program"), ("directory", "../names"), ("dangling", "no/such/file"),
            ("absolute", "/etc/hostname"), ("outside", "../../../../outside"), ("itself", "itself"),
        ] {
            guard symlink(target, "\(path)/links/\(name)") == 0 else {
                throw TestSupportError.system("make the link \(name)")
            }
        }
        let half = 3 << 19
        try SampleTree.file(
            "\(path)/binary", SampleTree.noise(count: half, seed: 1) + [UInt8](repeating: 0x2a, count: half))

        let attributed = "\(path)/attributes"
        try SampleTree.file(attributed, Array("attributes\n".utf8))
        hasExtendedAttributes =
            SampleTree.setAttribute(attributed, "user.test", Array("value".utf8))
            && SampleTree.setAttribute(attributed, "user.bytes", [0, 1, 0xff])

        try SampleTree.file("\(path)/readonly/file", Array("read me\n".utf8), mode: 0o444)
        chmod("\(path)/readonly", 0o555)
    }

    /// Makes a directory of small files that all differ, a hundred in each of its directories.
    public static func manySmallFiles(_ count: Int, at path: String) throws {
        try makeDirectory(path)
        for number in 0..<count {
            let directory = "\(path)/\(number / 100)"
            if number % 100 == 0 { try SampleTree.makeDirectory(directory) }
            try file(
                "\(directory)/\(number % 100)", Array("file \(number) of many, small and different\n".utf8))
        }
    }

    /// Makes a file of this many bytes that is a hole, but for a few bytes in its middle and at its end.
    public static func sparseFile(size: Int, at path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw TestSupportError.system("make \(path)") }
        defer { close(descriptor) }
        guard ftruncate(descriptor, off_t(size)) == 0,
            size < 8 || pwrite(descriptor, "mid", 3, off_t(size / 2)) == 3,
            size < 8 || pwrite(descriptor, "end", 3, off_t(size - 3)) == 3
        else { throw TestSupportError.system("write \(path)") }
    }

    /// Bytes that cannot be compressed, the same for the same seed.
    public static func noise(count: Int, seed: UInt64) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count + 8) { buffer, initialized in
            // SplitMix64.
            var state = seed
            var offset = 0
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            while offset < count {
                state &+= 0x9e37_79b9_7f4a_7c15
                var word = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
                word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
                bytes.storeBytes(of: word ^ (word >> 31), toByteOffset: offset, as: UInt64.self)
                offset += 8
            }
            initialized = count
        }
    }

    private static func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o755) == 0, chmod(path, 0o755) == 0 else {
            throw TestSupportError.system("make the directory \(path)")
        }
    }

    private static func file(_ path: String, _ contents: [UInt8], mode: mode_t = 0o644) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw TestSupportError.system("make \(path)") }
        defer { close(descriptor) }
        guard write(descriptor, contents, contents.count) == contents.count, fchmod(descriptor, mode) == 0
        else {
            throw TestSupportError.system("write \(path)")
        }
    }

    private static func setAttribute(_ path: String, _ name: String, _ value: [UInt8]) -> Bool {
        GNUCall.lsetxattr(path, name, value, value.count, 0) == 0
    }
}
