// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import Testing

/// A mistake in buildstream.conf.
@Suite struct ConfigurationMistakeTests {
    private static func mistake(_ bytes: [UInt8]) -> ConfigurationError? {
        #expect(throws: ConfigurationError.self) {
            try Configuration(parsing: bytes, file: "b.conf", environment: [:], homeDirectory: "/home/u")
        }
    }

    @Test(arguments: [
        // The groups.
        ("- a", 1, "the file is a list"),
        ("text", 1, "the file is text"),
        ("a: 1\n---\nb: 1", 3, "second document"),
        ("artifacts: {url: /a}\nx: 1\nartifacts: {url: /b}", 3, "'artifacts' already on line 1"),
        ("x: 1\ny: 1\nx: 1", 3, "'x' already on line 1"),
        ("? [a]\n: 1", 1, "a key of the file is a list"),
        ("artifacts: https://h/a", 1, "'artifacts' is text"),
        ("projects: [a]", 1, "the group 'projects' is a list"),
        ("projects:\n  hello: x", 2, "the project 'hello' is text"),
        ("projects:\n  a: {}\n  a: {}", 3, "'a' already on line 2"),
        ("projects:\n  a:\n    artifacts: 7", 3, "'artifacts' is text"),
        ("projects:\n  a:\n    artifacts:\n      uri: /a", 4, "no key 'uri'"),
        // A cache.
        ("artifacts:\n  uri: /a", 2, "no key 'uri'; the keys here are url, push, pull-url"),
        (
            "artifacts:\n- url: /a\n  server-cert: x", 3,
            "no key 'server-cert'; the keys here are url, push"
        ),
        ("artifacts:\n- pull-url: /a", 2, "no key 'pull-url'"),
        ("artifacts:\n- url: /a\n- https://h/a", 3, "an item of 'artifacts' is text"),
        ("artifacts:\n-\n", 2, "an item of 'artifacts' is empty"),
        ("artifacts: &a [*a]", 1, "an item of 'artifacts' is a list"),
        ("artifacts:\n  push: true", 2, "no 'url'"),
        ("artifacts:\n- push: true", 2, "no 'url'"),
        ("artifacts:\n  url: /a\n  url: /b", 3, "'url' already on line 2"),
        ("artifacts:\n  pull-url: /a\n  url: /b", 3, "'url' stands beside"),
        ("artifacts:\n  push: true\n  push-url: /b", 2, "'push' stands beside"),
        // Addresses.
        ("artifacts:\n  url:\n", 2, "'url': it is empty"),
        ("artifacts:\n  url: ''\n", 2, "'url': it is empty"),
        ("artifacts:\n  url: [a]\n", 2, "'url' is a list"),
        ("artifacts:\n  url:\n    ftp://h/a\n", 3, "scheme is not one of ours"),
        ("artifacts:\n- url: /a\n- url: ssh://-oProxyCommand=x/p", 3, "host begins with '-'"),
        ("artifacts:\n  url: \"/a\\0b\"", 2, "control character"),
        ("artifacts:\n  push-url: -u@h:p", 2, "begins with '-'"),
        ("artifacts:\n  push-url: https://u:secret@h/p", 2, "'push-url' is https://h/p"),
        ("artifacts:\n  url: s3://x", 2, "3 to 63 characters"),
        // Flags and ports.
        ("artifacts:\n- url: /a\n  push: yes", 3, "'yes', which is neither true nor false"),
        ("artifacts:\n- url: /a\n  push: 1", 3, "neither true nor false"),
        ("artifacts:\n- url: /a\n  push:", 3, "neither true nor false"),
        ("artifacts:\n- url: /a\n  push: [true]", 3, "'push' is a list"),
        (
            "artifacts:\n- url: https://secret@h/a\n  push: true", 3,
            "beside https://h/a, and artifacts are"
        ),
        ("artifacts:\n  pull-url: /a\n  push-port: 5", 3, "without a 'push-url'"),
        ("artifacts:\n  push-url: ''\n  push-port: 5", 3, "without a 'push-url'"),
        ("artifacts:\n  push-url: /a\n  push-port: 5", 3, "without a 'push-url' of ssh"),
        ("artifacts:\n  push-url: s3://arts/a\n  push-port: 5", 3, "without a 'push-url' of ssh"),
        ("artifacts:\n  push-url: ssh://h:6/a\n  push-port: 5", 3, "'push-url' has the port 6"),
        ("artifacts:\n  push-url: h:a\n  push-port: 0", 3, "not a number from 1 to 65535"),
        ("artifacts:\n  push-url: h:a\n  push-port: 65536", 3, "not a number from 1 to 65535"),
        ("artifacts:\n  push-url: h:a\n  push-port: 0x16", 3, "not a number from 1 to 65535"),
        ("artifacts:\n  push-url: h:a\n  push-port: {a: b}", 3, "'push-port' is a mapping"),
        // The artifact directory.
        ("x: 1\nartifactdir:", 2, "'artifactdir' is empty"),
        ("artifactdir: ~", 1, "'artifactdir' is empty"),
        ("artifactdir: {}", 1, "'artifactdir' is a mapping"),
        ("artifactdir: a/b", 1, "no absolute path"),
        ("artifactdir: ''", 1, "no absolute path"),
        ("artifactdir: ~root/a", 1, "another user"),
        ("artifactdir: /a/${NOT_SET}/b", 1, "variable NOT_SET"),
        ("artifactdir: \"/a\\n\"", 1, "control character"),
        // YAML itself.
        ("a: 1\nb: [1, 2", 2, "not well-formed"),
        ("a: 1\nb: }", 2, "not well-formed"),
        ("a: 1\nb: 'x\n\n", 2, "not well-formed"),
        ("a:\n\tb: 1\n", 2, "tab indents"),
        ("a:\n  b: 1\n \tc: 1\n", 3, "tab indents"),
        ("a: 1\nb: *nothing\n", 2, "alias '*nothing' has no anchor"),
        ("a: 1\nb: \u{1}\n", 2, "control characters"),
        ("a: b: c\n", 1, "not well-formed"),
    ])
    func `A mistake in buildstream.conf is reported with file, line and what to do`(
        text: String, line: Int, reason: String
    ) throws {
        let error = try #require(Self.mistake(Array(text.utf8)))
        #expect(error.line == line, "\(error)")
        #expect(error.description.hasPrefix("b.conf:\(line): "))
        #expect(error.description.contains(reason), "\(error)")
        #expect(!error.description.contains("secret"))
        #expect(!error.description.contains("\n"))
    }

    private static let encodings: [(head: String, tail: [UInt8], line: Int)] = [
        ("a: 1\nb: caf", [0xe9, 0x0a], 2),
        ("a: 1\nb: ", [0xed, 0xa0, 0x80], 2),
        ("a: ", [0xc0, 0xaf], 1),
        ("\n\n\na: ", [0xc3], 4),
        ("", [0xff, 0xfe, 0x61, 0, 0x3a, 0], 1),
        ("a: x\u{0}y", [], 1),
    ]

    @Test(arguments: encodings)
    func `A mistake in buildstream.conf in its encoding is reported with the line`(
        head: String, tail: [UInt8], line: Int
    ) throws {
        let error = try #require(Self.mistake(Array(head.utf8) + tail))
        #expect(error.line == line, "\(error)")
        #expect(error.cause.contains("UTF-8"), "\(error)")
    }

    @Test(
        .timeLimit(.minutes(15)),
        arguments: ["[", "{a: ", "- ", "? ", "[[\n", "{? "])
    func `A mistake in buildstream.conf of bottomless nesting is reported without exhausting the stack`(
        opening: String
    ) throws {
        let text = String(repeating: opening, count: 1_000_000 / opening.utf8.count)
        let error = try #require(Self.mistake(Array(text.utf8)))
        #expect(error.cause.contains("200 levels"), "\(error)")
    }

    @Test func `A buildstream.conf that multiplies one long list for many projects is reported`() throws {
        let list = String(repeating: "{url: /a}, ", count: 900)
        let text = "x: &x [\(list)]\nprojects:\n  a: {artifacts: *x}\n  b: {artifacts: *x}\n"
        let error = try #require(Self.mistake(Array(text.utf8)))
        #expect(error.cause.contains("more than 1000"), "\(error)")
    }

    @Test(.timeLimit(.minutes(15)))
    func `A billion laughs in a part of buildstream.conf that nobody reads are no mistake`() throws {
        var text = "x: &a0 [lol, lol, lol]\ny:\n"
        for level in 1..<5000 {
            text += "- &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1), *a\(level - 1)]\n"
        }
        text += "artifacts: {url: /a}\n"
        let configuration = try Configuration(parsing: Array(text.utf8), file: "c", environment: [:])
        #expect(configuration.caches(forProject: nil).count == 1)
        let error = try #require(Self.mistake(Array((text + "projects: {p: {artifacts: *a4999}}").utf8)))
        #expect(error.cause.contains("an item of 'artifacts' is a list"), "\(error)")
    }
}
