// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import Testing

/// A remote's address.
@Suite struct RemoteAddressTests {
    struct SSHCase: CustomTestStringConvertible, Sendable {
        let text: String
        let user: String?
        let host: String
        let port: UInt16?
        let path: String
        let shown: String

        init(
            _ text: String, _ user: String?, _ host: String, _ port: UInt16?, _ path: String, _ shown: String
        ) {
            self.text = text
            self.user = user
            self.host = host
            self.port = port
            self.path = path
            self.shown = shown
        }

        var testDescription: String { text }
    }

    @Test(arguments: [
        SSHCase("ssh://u@h/p", "u", "h", nil, "/p", "ssh://u@h/p"),
        SSHCase("SSH://h/p/", nil, "h", nil, "/p/", "ssh://h/p/"),
        SSHCase(
            "ssh://artifacts@artifacts.com:22200/artifacts", "artifacts", "artifacts.com", 22200,
            "/artifacts",
            "ssh://artifacts@artifacts.com:22200/artifacts"),
        SSHCase("ssh://u@h:1/~/a/b", "u", "h", 1, "a/b", "ssh://u@h:1/~/a/b"),
        SSHCase("ssh://h:65535/~//a", nil, "h", 65535, "a", "ssh://h:65535/~/a"),
        SSHCase("ssh://h/%7E/a", nil, "h", nil, "a", "ssh://h/~/a"),
        SSHCase("ssh://h/~u/a", nil, "h", nil, "/~u/a", "ssh://h/~u/a"),
        SSHCase("ssh://h/a%20b%C3%A9%25", nil, "h", nil, "/a bé%", "ssh://h/a%20b%C3%A9%25"),
        SSHCase("ssh://DOM%5Cu@h/p", "DOM\\u", "h", nil, "/p", "ssh://DOM%5Cu@h/p"),
        SSHCase("ssh://u@realm@h/p", "u@realm", "h", nil, "/p", "ssh://u@realm@h/p"),
        SSHCase("ssh://u@[::1]:22/p", "u", "::1", 22, "/p", "ssh://u@[::1]:22/p"),
        SSHCase("ssh://[fe80::1%25eth0]/p", nil, "fe80::1%eth0", nil, "/p", "ssh://[fe80::1%25eth0]/p"),
        SSHCase("u@h:p/q", "u", "h", nil, "p/q", "ssh://u@h/~/p/q"),
        SSHCase("h:/p", nil, "h", nil, "/p", "ssh://h/p"),
        SSHCase("h:~/p", nil, "h", nil, "p", "ssh://h/~/p"),
        SSHCase("h:p%20q", nil, "h", nil, "p%20q", "ssh://h/~/p%2520q"),
        SSHCase("u@h:a:b@c", "u", "h", nil, "a:b@c", "ssh://u@h/~/a:b@c"),
        SSHCase("u@[2001:db8::1]:/p", "u", "2001:db8::1", nil, "/p", "ssh://u@[2001:db8::1]/p"),
        SSHCase("ssh@h:p", "ssh", "h", nil, "p", "ssh://ssh@h/~/p"),
    ])
    func `An ssh address names user, host, port and path in either form`(_ row: SSHCase) throws {
        let remote = try RemoteAddress(parsing: row.text)
        guard case .ssh(let address) = remote else {
            Issue.record("not an ssh address: \(remote)")
            return
        }
        #expect(address.user == row.user)
        #expect(address.host == row.host)
        #expect(address.port == row.port)
        #expect(address.path == row.path)
        #expect(address.isHomeRelative == !row.path.hasPrefix("/"))
        #expect(remote.description == row.shown)
        #expect(try RemoteAddress(parsing: row.shown) == remote, "what is shown can be typed in again")
    }

    @Test(arguments: [
        ("https://h/p", "https://h/p", true, "https://h/p"),
        ("http://h:8080/p//", "http://h:8080/p", false, "http://h:8080/p"),
        ("HTTPS://h", "HTTPS://h", true, "HTTPS://h"),
        ("https://[::1]/p", "https://[::1]/p", true, "https://[::1]/p"),
        ("http://u:secret@h/p", "http://u:secret@h/p", false, "http://h/p"),
        ("https://secret@h:1/a@b", "https://secret@h:1/a@b", true, "https://h:1/a@b"),
        ("https://u:secret@x@h/p", "https://u:secret@x@h/p", true, "https://h/p"),
        ("https://h/a@b:c", "https://h/a@b:c", true, "https://h/a@b:c"),
    ])
    func `A web address keeps its URL, knows whether it is encrypted, and never shows credentials`(
        text: String, url: String, isEncrypted: Bool, shown: String
    ) throws {
        let remote = try RemoteAddress(parsing: text)
        guard case .web(let address) = remote else {
            Issue.record("not a web address: \(remote)")
            return
        }
        #expect(address.url == url)
        #expect(address.isEncrypted == isEncrypted)
        var dumped = ""
        dump(remote, to: &dumped)
        for message in ["\(remote)", "\(address)", String(reflecting: remote), dumped] {
            #expect(!message.contains("secret"))
        }
        #expect("\(remote)".lowercased() == shown.lowercased())
    }

    @Test(arguments: [
        ("/a/b c%20", "/a/b c%20", LocalAddress.Spelling.path, "/a/b c%20"),
        ("/a:b@c", "/a:b@c", .path, "/a:b@c"),
        ("file:///a/b%20c", "/a/b c", .fileURL, "file:///a/b%20c"),
        ("file://localhost/a", "/a", .fileURL, "file:///a"),
    ])
    func `An address of this machine is a path or a file URL, and remembers which`(
        text: String, path: String, spelling: LocalAddress.Spelling, shown: String
    ) throws {
        let remote = try RemoteAddress(parsing: text)
        guard case .local(let address) = remote else {
            Issue.record("not a local address: \(remote)")
            return
        }
        #expect(address.path == path)
        #expect(address.spelling == spelling)
        #expect(remote.description == shown)
    }

    @Test(arguments: [
        "", "artifacts", "./a", "../a", "a/b:c", "ftp://h/p", "~/a", "://h/p", "-u@h:p",
        "-oProxyCommand=x",
    ])
    func `An address that has none of the forms is answered with all of them`(text: String) {
        let error = #expect(throws: RemoteAddressError.self) { try RemoteAddress(parsing: text) }
        for form in [
            "ssh://[USER@]HOST[:PORT]/PATH", "[USER@]HOST:PATH", "https://", "http://", "file://", "absolute",
        ] {
            #expect(error?.remedy.contains(form) == true || text.hasPrefix("://"), "\(form)")
        }
    }
}
