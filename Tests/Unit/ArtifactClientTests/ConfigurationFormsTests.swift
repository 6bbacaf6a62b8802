// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import Testing

/// A buildstream.conf.
@Suite struct ConfigurationFormsTests {
    /// A cache as a line of text: the URLs to pull from and to push to, and the line.
    private static func shown(_ caches: [CacheSpecification]) -> [String] {
        caches.map { cache in
            let pull = cache.pull.map { "\($0)" } ?? "-"
            let push = cache.push.map { "\($0)" } ?? "-"
            return "\(pull) \(push) \(cache.line)"
        }
    }

    private static func read(_ text: String) throws -> Configuration {
        try Configuration(parsing: Array(text.utf8), file: "c", environment: [:], homeDirectory: "/home/u")
    }

    struct Form: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let text: String
        let caches: [String]

        init(_ name: String, _ text: String, _ caches: [String]) {
            testDescription = name
            self.text = text
            self.caches = caches
        }
    }

    private static let forms = [
        Form(
            "separate URLs and a port",
            """
            artifacts:
              pull-url: https://artifacts.com
              push-url: artifacts@artifacts.com:artifacts
              push-port: 666
            """, ["https://artifacts.com ssh://artifacts@artifacts.com:666/~/artifacts 2"]),
        Form("a pull URL alone", "artifacts: {pull-url: 'https://h/a'}", ["https://h/a - 1"]),
        Form("a push URL alone", "artifacts: {push-url: 'h:a', pull-url: ''}", ["- ssh://h/~/a 1"]),
        Form(
            "the same port twice", "artifacts: {push-url: 'ssh://h:6/a', push-port: '6'}", ["- ssh://h:6/a 1"]
        ),
        Form(
            "a port for an ssh URL", "artifacts: {push-url: 'ssh://h/a', push-port: 6}", ["- ssh://h:6/a 1"]),
        Form("empty URLs", "artifacts:\n  pull-url:\n  push-url: ''\n", []),
        Form(
            "one ssh URL",
            "artifacts:\n  url: ssh://artifacts@artifacts.com:22200/artifacts\n",
            [
                "ssh://artifacts@artifacts.com:22200/artifacts ssh://artifacts@artifacts.com:22200/artifacts 2"
            ]),
        Form("one scp-like URL", "artifacts: {url: 'u@h:a'}", ["ssh://u@h/~/a ssh://u@h/~/a 1"]),
        Form("one https URL", "artifacts:\n\n  url: https://h/a\n", ["https://h/a - 3"]),
        Form("one path", "artifacts: {url: /a}", ["/a - 1"]),
        Form("one ssh URL not pushed to", "artifacts: {url: 'ssh://h/a', push: False}", ["ssh://h/a - 1"]),
        Form("one bucket", "artifacts: {url: 's3://arts/a'}", ["s3://arts/a s3://arts/a 1"]),
        Form("one bucket not pushed to", "artifacts: {url: 's3://arts/a', push: false}", ["s3://arts/a - 1"]),
        Form(
            "a bucket behind a CDN", "artifacts: {pull-url: 'https://h/a', push-url: 's3://arts/a'}",
            ["https://h/a s3://arts/a 1"]),
        Form(
            "buckets in a list", "artifacts: [{url: 's3://arts/a'}, {url: 's3://arts/b', push: true}]",
            ["s3://arts/a - 1", "s3://arts/b s3://arts/b 1"]),
        Form("one path pushed to", "artifacts: {url: /a, push: true}", ["/a /a 1"]),
        Form(
            "a list",
            """
            artifacts:
            - url: https://first.example.com/artifacts
            - {url: "ssh://artifacts@second.example.com/artifacts", push: true}
            - url: ssh://third/artifacts
            - url: file:///fourth
              push: "True"
            """,
            [
                "https://first.example.com/artifacts - 2",
                "ssh://artifacts@second.example.com/artifacts ssh://artifacts@second.example.com/artifacts 3",
                "ssh://third/artifacts - 4",
                "file:///fourth file:///fourth 5",
            ]),
        Form("a list with aliases", "x: &x {url: /a}\nartifacts: [*x, {url: /b}]", ["/a - 1", "/b - 2"]),
        Form("nothing below artifacts", "artifacts:\nprojects:\n", []),
        Form("an empty mapping", "artifacts: {}", []),
        Form("an empty list", "artifacts: []", []),
        Form("an empty file", "", []),
        Form("comments only", "# artifacts:\n", []),
        Form("a byte order mark and Windows line ends", "\u{feff}artifacts:\r\n  url: /a\r\n", ["/a - 2"]),
        Form("explicit document marks", "%YAML 1.1\n---\nartifacts: {url: /a}\n...\n", ["/a - 3"]),
        Form(
            "other groups full of surprises",
            """
            logging: {message-format: '[%{elapsed}]', ? [complex] : key, twice: 1, twice: 2}
            build: &b
              again: *b
            cache: !unknown {quota: *b}
            projects:
              p: {options: {o: *b, o: 2}}
              q:
            1: [~, "\\0"]
            artifacts: {url: /a}
            """, ["/a - 9"]),
    ]

    @Test(arguments: forms)
    func `A buildstream.conf lists its caches in order`(_ form: Form) throws {
        #expect(Self.shown(try Self.read(form.text).caches(forProject: nil)) == form.caches)
    }

    @Test func `A buildstream.conf gives a project its own caches first, then the general ones, none twice`()
        throws
    {
        let configuration = try Self.read(
            """
            artifacts:
            - url: https://general.example.com/a
            - url: https://other.example.com/artifacts
            projects:
              hello: {artifacts: {url: https://other.example.com/artifacts}}
              empty: {}
            """)
        let general = ["https://general.example.com/a - 2", "https://other.example.com/artifacts - 3"]
        #expect(
            Self.shown(configuration.caches(forProject: "hello")) == [
                "https://other.example.com/artifacts - 5", "https://general.example.com/a - 2",
            ])
        for project in ["empty", "unknown", nil] {
            #expect(Self.shown(configuration.caches(forProject: project)) == general)
        }
    }

    @Test
    func `A buildstream.conf keeps a cache that is pulled from beside the same one that is also pushed to`()
        throws
    {
        let configuration = try Self.read(
            "artifacts: {url: 'ssh://h/a'}\nprojects: {p: {artifacts: [{url: 'ssh://h/a'}]}}")
        #expect(
            Self.shown(configuration.caches(forProject: "p")) == ["ssh://h/a - 2", "ssh://h/a ssh://h/a 1"])
    }
}
