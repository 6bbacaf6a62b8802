// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Metadata that a repository keeps beside a commit, written by libostree.
public enum DetachedMetadata {
    /// A value.
    public enum Value {
        /// `aay`, as signatures are kept.
        case signatures([[UInt8]])
        /// `ay`
        case bytes([UInt8])
        /// `s`
        case text(String)

        fileprivate var words: [String] {
            switch self {
            case .signatures(let all): ["aay"] + all.map(hex)
            case .bytes(let bytes): ["ay", hex(bytes)]
            case .text(let text): ["s", text]
            }
        }
    }

    /// Replaces the detached metadata of a commit.
    public static func set(_ repository: String, _ commit: String, _ entries: [(String, Value)]) throws {
        let lines = entries.map { ([$0] + $1.words).joined(separator: "\t") }.joined(separator: "\n")
        // Debian's OSTree bindings belong to this Python.
        try run(["/usr/bin/python3", "-c", program, repository, commit], input: .text(lines)).checked()
    }

    /// The signatures that a commit has under a key, as libostree reads them.
    public static func signatures(_ repository: String, _ commit: String, _ key: String) throws -> [String] {
        let result = try run(["/usr/bin/python3", "-c", reader, repository, commit, key]).checked()
        return result.lines
    }

    private static let reader = """
        import sys
        import gi
        gi.require_version("OSTree", "1.0")
        from gi.repository import Gio, OSTree

        repository = OSTree.Repo.new(Gio.File.new_for_path(sys.argv[1]))
        repository.open(None)
        metadata = repository.read_commit_detached_metadata(sys.argv[2], None).out_metadata
        for signature in (metadata.unpack().get(sys.argv[3], []) if metadata else []):
            print(bytes(signature).hex())
        """

    /// The bytes of a metadata object: `commit`, `commitmeta`.
    public static func object(_ repository: String, _ checksum: String, _ type: String = "commit") throws
        -> [UInt8]
    {
        let path = "\(repository)/objects/\(checksum.prefix(2))/\(checksum.dropFirst(2)).\(type)"
        guard let content = FileManager.default.contents(atPath: path) else {
            throw TestSupportError("cannot read \(path)")
        }
        return Array(content)
    }

    private static let program = """
        import sys
        import gi
        gi.require_version("OSTree", "1.0")
        from gi.repository import Gio, GLib, OSTree

        def value(type, words):
            if type == "aay":
                return GLib.Variant("aay", [bytes.fromhex(word) for word in words])
            return GLib.Variant(type, bytes.fromhex(words[0]) if type == "ay" else words[0])

        entries = {}
        for line in sys.stdin.read().split("\\n"):
            key, type, *words = line.split("\\t")
            entries[key] = value(type, words)
        repository = OSTree.Repo.new(Gio.File.new_for_path(sys.argv[1]))
        repository.open(None)
        repository.write_commit_detached_metadata(sys.argv[2], GLib.Variant("a{sv}", entries), None)
        """
}

private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String(format: "%02x", $0) }.joined()
}
