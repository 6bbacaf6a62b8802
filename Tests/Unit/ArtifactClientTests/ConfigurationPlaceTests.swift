// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import Glibc
import Testing

/// A directory that is removed, with what was made in it, when the test lets go of it.
private final class Scratch {
    let path: String
    private var made: [String] = []

    init() throws {
        var template = Array("/tmp/configuration-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func directory(_ name: String) {
        mkdir(path + "/" + name, 0o700)
        made.append(name)
    }

    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = path + "/" + name
        let descriptor = open(file, O_WRONLY | O_CREAT, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        made.append(name)
        try #require(write(descriptor, bytes, bytes.count) == bytes.count)
        return file
    }

    deinit {
        for name in made.reversed() { remove(path + "/" + name) }
        rmdir(path)
    }
}

/// The configuration's place.
@Suite struct ConfigurationPlaceTests {
    private static let text = Array("artifacts: {url: /a}".utf8)

    @Test func `The configuration's place is buildstream.conf in XDG_CONFIG_HOME, or else in ~/.config`()
        throws
    {
        let scratch = try Scratch()
        scratch.directory(".config")
        scratch.directory("xdg")
        _ = try scratch.file(".config/buildstream.conf", Self.text)
        _ = try scratch.file("xdg/buildstream.conf", Array("artifacts: {url: /xdg}".utf8))

        let rows: [([String: String], String)] = [
            (["HOME": scratch.path], "/a"),
            (["HOME": scratch.path, "XDG_CONFIG_HOME": ""], "/a"),
            (["HOME": scratch.path, "XDG_CONFIG_HOME": "relative"], "/a"),
            (["HOME": scratch.path, "XDG_CONFIG_HOME": scratch.path + "/xdg"], "/xdg"),
            (["XDG_CONFIG_HOME": scratch.path + "/xdg"], "/xdg"),
        ]
        for (environment, expected) in rows {
            let caches = try Configuration.load(path: nil, environment: environment).caches(forProject: nil)
            #expect(caches.map { $0.pull?.description ?? "-" } == [expected])
        }
    }

    @Test func `The configuration's place may be empty, which is a configuration without caches`() throws {
        let scratch = try Scratch()
        let file = try scratch.file("file", [])
        for environment in [["HOME": scratch.path], ["HOME": file], [:]] {
            let configuration = try Configuration.load(path: nil, environment: environment)
            #expect(configuration.caches(forProject: "p").isEmpty)
        }
    }

    @Test func `The configuration's place must hold a file where it was named`() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/none.conf"
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.load(path: path, environment: ["HOME": scratch.path])
        }
        #expect(error?.description.hasPrefix(path + ": there is no such configuration file; ") == true)
    }

    @Test func `The configuration's place must be readable, and the reason is given where it is not`() throws
    {
        let scratch = try Scratch()
        scratch.directory(".config")
        scratch.directory(".config/buildstream.conf")
        for path in [nil, scratch.path] {
            let error = #expect(throws: ConfigurationError.self) {
                try Configuration.load(path: path, environment: ["HOME": scratch.path])
            }
            #expect(error?.cause.contains("Is a directory") == true)
        }
        #expect(throws: ConfigurationError.self) {
            try Configuration.load(path: "/dev/null\u{0}x", environment: [:])
        }
    }

    @Test func `The configuration's place holds at most 1 MiB`() throws {
        let scratch = try Scratch()
        let filler = [UInt8](repeating: UInt8(ascii: "#"), count: (1 << 20) - Self.text.count - 1)
        let largest = try scratch.file("largest", Self.text + [0x0a] + filler)
        let tooLarge = try scratch.file("too-large", Self.text + [0x0a] + filler + [0x0a])
        #expect(try Configuration.load(path: largest, environment: [:]).generalCaches.count == 1)
        for path in [tooLarge, "/dev/zero"] {
            let error = #expect(throws: ConfigurationError.self) {
                try Configuration.load(path: path, environment: [:])
            }
            #expect(error?.cause.contains("larger than 1 MiB") == true)
        }
    }

    @Test func `The configuration's place is part of each message about a mistake`() throws {
        let scratch = try Scratch()
        let file = try scratch.file("my.conf", Array("\nartifacts: 1".utf8))
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.load(path: file, environment: [:])
        }
        #expect(error?.description.hasPrefix(file + ":2: ") == true)
    }
}

/// The artifact directory.
@Suite struct ArtifactDirectoryTests {
    private static func directory(_ text: String, _ environment: [String: String]) throws -> String {
        try Configuration(parsing: Array(text.utf8), file: "c", environment: environment).artifactDirectory
    }

    private static let directories: [(String, [String: String], String)] = [
        ("", ["HOME": "/h"], "/h/.cache/buildstream/artifacts"),
        ("", ["HOME": "/h", "XDG_CACHE_HOME": "/x"], "/x/buildstream/artifacts"),
        ("", ["HOME": "/h", "XDG_CACHE_HOME": "x"], "/h/.cache/buildstream/artifacts"),
        ("artifactdir: /a//", [:], "/a"),
        ("artifactdir: /", [:], "/"),
        ("artifactdir: ~/a", ["HOME": "/h"], "/h/a"),
        ("artifactdir: '~'", ["HOME": "/h"], "/h"),
        ("artifactdir: /a~b", ["HOME": "/h"], "/a~b"),
        ("artifactdir: $XDG_CACHE_HOME/a", ["HOME": "/h"], "/h/.cache/a"),
        ("artifactdir: ${XDG_CACHE_HOME}a", ["HOME": "/h", "XDG_CACHE_HOME": "/x"], "/xa"),
        ("artifactdir: $XDG_DATA_HOME/a", ["HOME": "/h"], "/h/.local/share/a"),
        ("artifactdir: $XDG_CONFIG_HOME/a", ["HOME": "/h"], "/h/.config/a"),
        ("artifactdir: /a/$A_1-${B}$", ["A_1": "x", "B": "$A_1"], "/a/x-$A_1$"),
        ("artifactdir: '/a/${b'", ["b": "x"], "/a/${b"),
    ]

    @Test(arguments: directories)
    func `The artifact directory follows artifactdir, or else the cache directory of the user`(
        text: String, environment: [String: String], expected: String
    ) throws {
        #expect(try Self.directory(text, environment) == expected)
    }

    @Test func `The artifact directory contains the local repository`() throws {
        let configuration = Configuration(environment: [:], homeDirectory: "/h")
        #expect(try configuration.localRepositoryPath == "/h/.cache/buildstream/artifacts/ostree")
        let atRoot = try Configuration(parsing: Array("artifactdir: /".utf8), file: "c", environment: [:])
        #expect(try atRoot.localRepositoryPath == "/ostree")
    }

    @Test
    func `The artifact directory is asked for in vain only where there is neither a home nor a setting`() {
        let configuration = Configuration(environment: [:])
        let error = #expect(throws: ConfigurationError.self) { try configuration.localRepositoryPath }
        #expect(error?.description.contains("neither HOME nor XDG_CACHE_HOME") == true)
    }
}
