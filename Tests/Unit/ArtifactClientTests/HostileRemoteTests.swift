// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import Testing

/// A remote that could do harm is refused.
@Suite struct HostileRemoteTests {
    @Test(arguments: [
        // Options in disguise.
        ("-oProxyCommand=x", "begins with '-'"),
        ("-u@h:p", "begins with '-'"),
        ("--upload-pack=x", "begins with '-'"),
        ("ssh://-oProxyCommand=x/p", "host begins with '-'"),
        ("ssh://a@-host/p", "host begins with '-'"),
        ("ssh://-a@host/p", "user begins with '-'"),
        ("ssh://%2Da@host/p", "user begins with '-'"),
        ("a@-h:p", "host begins with '-'"),
        ("h:-p", "path begins with '-'"),
        ("h:~/-p", "path begins with '-'"),
        ("ssh://h/~/-p", "path begins with '-'"),
        ("ssh://h/~/%2Dp", "path begins with '-'"),
        ("https://-h/p", "host begins with '-'"),
        // Nothing where something belongs.
        ("ssh://", "host is empty"),
        ("ssh:///p", "host is empty"),
        ("ssh://u@/p", "host is empty"),
        ("ssh://@h/p", "user is empty"),
        ("@h:p", "user is empty"),
        (":p", "host is empty"),
        ("u@:p", "host is empty"),
        ("https:///p", "host is empty"),
        ("ssh://h", "path is empty"),
        ("ssh://h/", "path is empty"),
        ("ssh://h//", "path is empty"),
        ("ssh://h/~", "path is empty"),
        ("ssh://h/~/", "path is empty"),
        ("h:", "path is empty"),
        ("h:~", "path is empty"),
        ("file://", "path is empty"),
        // Control characters and white space.
        ("h:a\nb", "control character"),
        ("h:a\r\nb", "control character"),
        ("u\u{0}@h:p", "control character"),
        ("/a\u{7f}", "control character"),
        ("/a\u{9b}b", "control character"),
        ("ssh://h/a%00", "path holds a control character"),
        ("ssh://h/a%0Ab", "path holds a control character"),
        ("ssh://h/a%7f", "path holds a control character"),
        ("ssh://h/a%C2%9B", "path holds a control character"),
        ("ssh://u%0a@h/p", "user holds a control character"),
        ("file:///a%00", "path holds a control character"),
        ("https://h/a%0d%0a", "path holds a control character"),
        ("https://u%0a@h/", "user holds a control character"),
        ("ssh://h h/p", "host holds white space"),
        ("ssh://u%20v@h/p", "user holds white space"),
        ("u v@h:p", "user holds white space"),
        ("h\u{a0}:p", "host holds white space"),
        ("https://h/a b", "white space"),
        // What shells and other readers of the text would make of it.
        ("ssh://`x`/p", "shell"),
        ("a$(x)@h:p", "shell"),
        ("h;x:p", "shell"),
        ("ssh://u\\@h/p", "backslash"),
        ("https://good\\@evil/p", "backslash"),
        ("https://good\\evil/p", "backslash"),
        ("ssh://h%41/p", "host holds one of"),
        ("ssh://u:pw@h/p", "password"),
        ("ssh://h/p?x", "query"),
        ("https://h/p#x", "fragment"),
        ("https://h?x", "query"),
        ("file://h/p", "this machine"),
        ("file://p", "this machine"),
        // Escapes.
        ("ssh://h/%", "hexadecimal"),
        ("ssh://h/%4", "hexadecimal"),
        ("ssh://h/%zz", "hexadecimal"),
        ("file:///%+1", "hexadecimal"),
        ("ssh://h/%ff", "UTF-8"),
        ("https://h/%g0", "hexadecimal"),
        // Ports and brackets.
        ("ssh://h:0/p", "port '0'"),
        ("ssh://h:65536/p", "port '65536'"),
        ("ssh://h:99999999999999999999/p", "port"),
        ("ssh://h:/p", "port ''"),
        ("ssh://h:+22/p", "port '+22'"),
        ("ssh://h:-1/p", "port '-1'"),
        ("https://h:x/p", "port 'x'"),
        ("ssh://fe80::1/p", "told apart"),
        ("fe80::1:p", "told apart"),
        ("ssh://[::1/p", "no IPv6"),
        ("ssh://[::1]22/p", "told apart"),
        ("ssh://[h]/p", "no IPv6"),
        ("[-o:x]:p", "no IPv6"),
        ("ssh://[::1%25]/p", "no IPv6"),
        // A slip that would otherwise connect to a host named "https".
        ("https:/h/p", "lacks '//'"),
        ("ssh:h/p", "lacks '//'"),
    ])
    func `A remote that could do harm is refused with the part that is wrong and the reason`(
        text: String, reason: String
    ) {
        let error = #expect(throws: RemoteAddressError.self) { try RemoteAddress(parsing: text) }
        guard let error else { return }
        #expect(error.cause.contains(reason), "\(error)")
        #expect(!error.remedy.isEmpty)
        #expect(error.description.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }

    @Test(arguments: [
        "ssh://u:secret@h/p", "https://u:secret@h:x/p", "https://u:sec?secret@h/p",
        "https://u:a/secret@h/p",
        "https:/u:secret@h/p", "ftp://u:secret@h/p", "https://u:secret@x:secret@-h/p", "-u:secret@h",
    ])
    func `A remote that could do harm is refused without showing a password`(text: String) {
        do {
            let remote = try RemoteAddress(parsing: text)
            Issue.record("accepted as \(remote)")
        } catch {
            #expect(!"\(error)".contains("secret"), "\(error)")
        }
    }

    @Test func `A remote that could do harm is refused in a message of bounded length`() {
        let error = #expect(throws: RemoteAddressError.self) {
            try RemoteAddress(parsing: String(repeating: "x", count: 1_000_000))
        }
        #expect("\(error.map { "\($0)" } ?? "")".utf8.count < 600)
    }
}
