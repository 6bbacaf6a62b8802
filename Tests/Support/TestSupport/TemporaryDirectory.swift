// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A fresh directory, readable by every user, that is removed with all that is in it when the last reference
/// to it goes.
///
/// It lies in `$TMPDIR`, or in `/tmp` where that is unset or so long that the path of a socket (`ControlPath`
/// of ssh: 108 bytes) would not fit below it.
public final class TemporaryDirectory: Sendable {
    /// The directory's absolute path, without a slash at its end.
    public let path: String

    /// The parent of all temporary files.
    static let base: String = {
        var base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        while base.count > 1 && base.hasSuffix("/") {
            base.removeLast()
        }
        return base.hasPrefix("/") && base.utf8.count <= 48 ? base : "/tmp"
    }()

    /// Makes the directory.
    ///
    /// - Parameter inMemory: Prefers a file system in memory, where syncing costs nothing. It may lack attributes.
    public init(inMemory: Bool = false) throws {
        let base = inMemory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : TemporaryDirectory.base
        var template = Array("\(base)/bstt-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TestSupportError.system("make a temporary directory in \(base)")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        chmod(path, 0o755)
    }

    deinit {
        RawPath(path).removeTree()
    }

    /// The path of something in the directory.
    public func path(_ components: String...) -> String {
        ([path] + components).joined(separator: "/")
    }

    /// Writes a file, makes the directories that lead to it, and returns its path.
    @discardableResult
    public func file(_ name: String, _ contents: [UInt8]) throws -> String {
        let file = path(name)
        let directory = (file as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(contents).write(to: URL(fileURLWithPath: file))
        return file
    }

    /// Writes a file of text, makes the directories that lead to it, and returns its path.
    @discardableResult
    public func file(_ name: String, _ contents: String) throws -> String {
        try file(name, Array(contents.utf8))
    }

    /// Makes a directory and those that lead to it, and returns its path.
    @discardableResult
    public func makeDirectory(_ name: String) throws -> String {
        let directory = path(name)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        return directory
    }
}
