// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A path as the kernel has it: bytes, which need not be UTF-8.
struct RawPath {
    var bytes: [UInt8]

    init(_ path: String) {
        bytes = Array(path.utf8)
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    func appending(_ name: [UInt8]) -> RawPath {
        RawPath(bytes: bytes + [UInt8(ascii: "/")] + name)
    }

    func withCString<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
        try (bytes.map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer { try body($0.baseAddress!) }
    }

    /// The result of `lstat`.
    func status() throws -> stat {
        var status = stat()
        guard withCString({ lstat($0, &status) }) == 0 else {
            throw TestSupportError.system("look at \(RawPath.printable(bytes))")
        }
        return status
    }

    /// The names in this directory, sorted by their bytes.
    func entries() throws -> [[UInt8]] {
        guard let directory = withCString({ opendir($0) }) else {
            throw TestSupportError.system("list \(RawPath.printable(bytes))")
        }
        defer { closedir(directory) }
        let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name)!
        var names: [[UInt8]] = []
        while let entry = readdir(directory) {
            let start = UnsafeRawPointer(entry) + nameOffset
            let length = strlen(start.assumingMemoryBound(to: CChar.self))
            let name = [UInt8](UnsafeRawBufferPointer(start: start, count: length))
            if name != [UInt8](".".utf8) && name != [UInt8]("..".utf8) {
                names.append(name)
            }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Removes a file or a directory with its contents, even unwritable ones. Does not follow symbolic links.
    func removeTree() {
        guard let status = try? status() else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            _ = withCString { unlink($0) }
            return
        }
        if status.st_mode & 0o700 != 0o700 {
            _ = withCString { chmod($0, 0o700) }
        }
        for name in (try? entries()) ?? [] {
            appending(name).removeTree()
        }
        _ = withCString { rmdir($0) }
    }

    /// Bytes as one readable line: whatever is not printable ASCII becomes `\xNN`, so that two names that
    /// differ stay different.
    static func printable(_ bytes: [UInt8]) -> String {
        var text = ""
        for byte in bytes {
            if byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "\\") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16)
                text += "\\x" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return text
    }
}
