// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Foundation
import TestSupport
import Testing

@testable import ArtifactServer

@Suite struct PageTests {
    private static let shown = [
        "hello/base/4f2a", "hello/base/97c1", "toolkit/png-image/aaaa", "lonely", "deep/a/b/c",
    ]

    private func server(_ options: [String] = ["--http"]) throws -> CacheServer {
        try CacheServer(options) { try $0.commit(PageTests.shown, Array("the same\n".utf8), in: $0.cache) }
    }

    private func page(_ server: CacheServer, _ path: String = "/") throws -> String {
        let answer = try server.get(path)
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == "text/html; charset=utf-8")
        return answer.text
    }

    @Test func `The page shows every artifact with size, ages and the command that pulls it`() throws {
        let server = try server()
        let length = try OSTreeCommand.listObjects(server.stage.cache).count
        #expect(length > 4)
        // Sizes are found after the start.
        #expect(try eventually { try !page(server).contains("not looked up yet") })
        let text = try page(server)
        for ref in PageTests.shown {
            #expect(text.contains("bst-artifact pull \(ref) --remote \(server.url)<"))
        }
        #expect(
            text.contains("<span>hello</span> <b>base</b>") && text.contains("<span>deep</span> <b>a/b</b>"))
        #expect(text.contains("5 artifacts") && text.contains("just now"))

        // What the page calls a size is what the files of a pull are long.
        let commit = try OSTreeCommand.revParse(server.stage.cache, "lonely")
        let names = try OSTreeCommand.lines(server.stage.cache, ["ls", "-RC", commit])
            .flatMap { $0.split(separator: " ").filter { $0.utf8.count == 64 } }
        let needed = Set(names.map(String.init) + [commit])
        let bytes = try OSTreeCommand.listObjects(server.stage.cache).filter {
            needed.contains(String($0.prefix(64)))
        }
        .map { "\(server.stage.cache)/objects/\($0.prefix(2))/\($0.dropFirst(2))" }
        .reduce(0) { sum, path in
            sum + (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0)
        }
        #expect(text.contains("title=\"\(bytes) bytes\""))
    }

    @Test func `A search finds names with all of its words, in a project or in all`() throws {
        let server = try server()
        let found = try page(server, "/?q=BASE+97")
        #expect(found.contains("1 artifact with") && found.contains("hello/base/97c1"))
        #expect(!found.contains("hello/base/4f2a"))
        #expect(try page(server, "/?project=toolkit").contains("1 artifact of"))
        #expect(try page(server, "/?q=base&project=toolkit").contains("0 artifacts of"))
        #expect(try page(server, "/?q=no+such").contains("Show all"))
        #expect(try page(server, "/?q=%20&page=99999999999999999999&nonsense").contains("5 artifacts"))
    }

    @Test func `A new ref appears, and one that went is gone`() throws {
        let server = try server()
        #expect(try page(server).contains("lonely"))
        try server.stage.commit("hello/new/1", text: "new\n", in: server.stage.cache)
        try OSTreeCommand.lines(server.stage.cache, ["refs", "--delete", "lonely"])
        #expect(
            try eventually {
                let text = try page(server)
                return text.contains("hello/new/1") && !text.contains("lonely")
            })
    }

    @Test func `What others write is text on the page, and nothing is loaded from elsewhere`() throws {
        let server = try server()
        let attack = "%3C/title%3E%3Cscript%3Ealert(1)%3C/script%3E%22%27onfocus=x"
        for field in ["q", "project"] {
            let text = try page(server, "/?\(field)=\(attack)")
            #expect(!text.contains("<script>") && !text.contains("\"'onfocus"))
            #expect(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;onfocus"))
        }
        for host in ["evil.example.com/<script>", "a b", "x;rm", "-x", "$(x)", "`x`", ""] {
            let text = try server.get("/", "-H", "Host: \(host)").text
            #expect(!text.contains("<script>"))
            #expect(text.contains("--remote http://HOST<") || text.isEmpty || text.contains("400"), "\(host)")
        }
        let headers = try server.get("/").headers
        let policy = try #require(headers["content-security-policy"])
        #expect(policy.hasPrefix("default-src 'none';") && policy.contains("script-src 'self'"))
        #expect(!policy.contains("unsafe") && headers["x-content-type-options"] == "nosniff")
        let text = try page(server)
        #expect(!text.contains(" style=") && !text.contains(" on"))
    }

    @Test func `A page that is the same has the same tag`() throws {
        let server = try server()
        for path in ["/style.css", "/search.js"] {
            let tag = try #require(try server.get(path).headers["etag"])
            #expect(try server.get(path, "-H", "If-None-Match: \(tag)").status == 304)
        }
        #expect(
            try eventually {
                let tag = try #require(try server.get("/?q=deep").headers["etag"])
                return try server.get("/?q=deep", "-H", "If-None-Match: \(tag)").status == 304
            })
    }

    @Test func `Ten thousand refs make pages of a hundred, each made quickly`() throws {
        var snapshot = Catalogue.Snapshot()
        let checksum = try #require(Checksum(hex: String(repeating: "ab", count: 32)))
        for number in 0..<10_000 {
            let ref = try #require(RefName("project\(number % 7)/element\(number % 100)/key\(number)"))
            var entry = Catalogue.Entry(ref, checksum)
            (entry.made, entry.used, entry.length) = (1, 2, 3)
            snapshot.entries.append(entry)
        }
        snapshot.count = 10_000
        let page = Page(hasOwnCertificate: false, fingerprint: nil)
        func html(_ query: Page.Query) -> String {
            String(decoding: page.html(snapshot, query, url: "https://[::1]:1", now: 100), as: UTF8.self)
        }
        for number in 1...5 {
            let text = html(Page.Query(text: "element5", project: nil, number: number))
            #expect(
                text.contains("Page \(number) of 11") && text.components(separatedBy: "<td").count == 401)
        }
        // Brackets mean something to some shells.
        #expect(
            html(Page.Query(text: nil, project: nil, number: 1)).contains(
                "--remote &#39;https://[::1]:1&#39;"))
        #expect(html(Page.Query(text: "key9999", project: nil, number: 7)).contains("1 artifact with"))
    }

    /// Types into the search field of the page in a browser.
    ///
    /// - Returns: the address that the browser shows then, and the document.
    private func type(_ text: String, _ server: CacheServer, _ options: [String]) throws -> (String, String) {
        let home = try TemporaryDirectory()
        let script = "\(Programs.repositoryRoot)/Tests/Interop/ServerTests/type_in_browser.py"
        let printed = try run(
            ["/usr/bin/python3", script, "\(server.url)/", text, home.path("profile")] + options,
            environment: ["HOME": home.path]
        ).checked().text
        let end = try #require(printed.firstIndex(of: "\n"))
        return (String(printed[..<end]), String(printed[end...]))
    }

    @Test func `A browser shows results while one types, and without scripts after the Enter key`() throws {
        let server = try server()
        for (options, isScripted) in [([], true), (["without-script"], false)] as [([String], Bool)] {
            let (address, document) =
                try type("toolkit", server, options)
            #expect(address == "\(server.url)/?q=toolkit")
            #expect(
                document.contains("1 artifact with “toolkit”") && document.contains("toolkit/png-image/aaaa"))
            #expect(!document.contains("hello/base"))
            #expect(document.contains("class=\"scripted\"") == isScripted)
        }
    }
}
