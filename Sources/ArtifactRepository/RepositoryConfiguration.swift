// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import CGLib
import SystemCalls

/// The file `config` of a repository, as it was when the repository was opened: ostree.repo-config(5).
final class RepositoryConfiguration: @unchecked Sendable {
    // It is never changed, and GKeyFile may be read by several threads.
    private let file: OpaquePointer
    /// The form in which the repository stores objects.
    let mode: RepositoryMode

    private static let maximumSize = 1 << 20

    /// Reads the configuration of the repository in a directory.
    ///
    /// - Throws: `RepositoryError` with `notARepository` where there is none or it cannot be read, and with `unsuitableMode`
    ///   for a mode that is not known here.
    init(of root: Directory) throws {
        let path = root.path
        do {
            // It may be a link to where a machine's settings are kept.
            let found = try Directory.fileAnywhereIfPresent("\(path)/config")
            guard let bytes = try found?.readAll(limit: Self.maximumSize) else {
                throw Self.unreadable(
                    path, "it has no file 'config', so name a repository, or make one with 'ostree init'")
            }
            file = try Self.parse(bytes, path)
        } catch let error as SystemError {
            throw Self.unreadable(path, error.reason)
        }
        guard let version = Self.string(in: file, "core", "repo_version"), version == "1" else {
            g_key_file_unref(file)
            throw Self.unreadable(
                path, "its configuration does not say core.repo_version=1, the only version that is known")
        }
        let name = Self.string(in: file, "core", "mode") ?? RepositoryMode.bare.description
        guard let mode = RepositoryMode(name: name) else {
            g_key_file_unref(file)
            throw RepositoryError(
                .unsuitableMode,
                "repository \(path) is of mode '\(name.forDisplay())', which is not known here")
        }
        self.mode = mode
    }

    deinit {
        g_key_file_unref(file)
    }

    private static func unreadable(_ path: String, _ reason: String) -> RepositoryError {
        RepositoryError(.notARepository, "cannot open repository \(path): \(reason)")
    }

    private static func parse(_ bytes: [UInt8], _ path: String) throws -> OpaquePointer {
        guard let file = g_key_file_new() else { throw unreadable(path, "there is no memory left") }
        do {
            _ = try withGError("open repository \(path)", code: .notARepository) { error in
                bytes.withUnsafeBytes {
                    g_key_file_load_from_data(
                        file, $0.baseAddress?.assumingMemoryBound(to: CChar.self), gsize($0.count),
                        G_KEY_FILE_NONE, error)
                }
            }
        } catch {
            g_key_file_unref(file)
            throw error
        }
        return file
    }

    private static func string(in file: OpaquePointer, _ group: String, _ key: String) -> String? {
        guard let value = g_key_file_get_string(file, group, key, nil) else { return nil }
        defer { g_free(value) }
        return String(cString: value)
    }

    /// Returns the text of a setting; nil if it is not set.
    func text(_ group: String, _ key: String) -> String? { Self.string(in: file, group, key) }

    /// Returns a Boolean setting of the section `core`.
    func flag(_ key: String, default value: Bool = false) -> Bool {
        guard g_key_file_has_key(file, "core", key, nil) != 0 else { return value }
        return g_key_file_get_boolean(file, "core", key, nil) != 0
    }

    /// Returns true if there is a section of that name.
    func hasGroup(_ group: String) -> Bool { g_key_file_has_group(file, group) != 0 }

    /// Returns the keys in a section, none if there is no such section.
    func keys(in group: String) -> [String] {
        var count: gsize = 0
        guard let names = g_key_file_get_keys(file, group, &count, nil) else { return [] }
        defer { g_strfreev(names) }
        return (0..<Int(count)).compactMap { names[$0].map { String(cString: $0) } }
    }

    /// The repository's collection; nil if it has none.
    var collection: String? {
        text("core", "collection-id").flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The seconds to wait for the repository's lock; nil to wait for as long as it takes.
    var lockTimeout: Duration? {
        let seconds = text("core", "lock-timeout-secs").flatMap { Int64($0) } ?? 30
        return seconds < 0 ? nil : .seconds(seconds)
    }

    /// Indicates that programs lock the repository.
    var isLocking: Bool { flag("locking", default: true) }
}
