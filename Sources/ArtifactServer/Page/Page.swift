// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// The page that lists a repository's artifacts. It works without the script.
struct Page {
    /// The refs to show.
    struct Query {
        /// Words that the name must contain.
        var text: String?
        /// The project they belong to.
        var project: String?
        /// The page number, from 1.
        var number: Int
    }

    /// Refs on one page.
    static let length = 100
    /// Headers that forbid the browser to load anything from elsewhere.
    static let headers = [
        (
            "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
                + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        ("Referrer-Policy", "no-referrer"),
    ]

    let hasOwnCertificate: Bool
    let fingerprint: String?

    /// Renders the page.
    ///
    /// - Parameter now: the current time in seconds since 1970.
    func html(_ catalogue: Catalogue.Snapshot, _ query: Query, url: String, now: Int) -> [UInt8] {
        let found = Page.found(catalogue, query)
        let pages = max(1, (found.count + Page.length - 1) / Page.length)
        let number = min(max(1, query.number), pages)
        let shown = found.dropFirst((number - 1) * Page.length).prefix(Page.length)
        let escapedURL = HTML.escaped(url)
        var text = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Artifacts</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="style.css">
            <script src="search.js" defer></script>
            </head>
            <body>
            <header>
            <div><h1><a href=".">Artifacts</a></h1><p><code>\(escapedURL)</code></p></div>
            <form role="search" action="." method="get">
            <label for="q">Search</label>
            <input id="q" type="search" name="q" value="\(HTML.escaped(query.text ?? ""))" \
            placeholder="project, element or key" autocomplete="off" spellcheck="false" maxlength="200">

            """
        if let project = query.project {
            text += "<input type=\"hidden\" name=\"project\" value=\"\(HTML.escaped(project))\">\n"
        }
        text += "<button>Search</button>\n</form>\n</header>\n<div class=\"columns\">\n"
        text += Page.projects(catalogue, query)
        text += "<main id=\"results\">\n"
        text += Page.heading(catalogue, query, found: found.count, shown: shown.count)
        text += table(shown, url: url, now: now)
        text += Page.pages(query, number, of: pages)
        text += "</main>\n</div>\n<footer>\n" + note(escapedURL) + "</footer>\n</body>\n</html>\n"
        return Array(text.utf8)
    }

    private static func found(_ catalogue: Catalogue.Snapshot, _ query: Query) -> ArraySlice<Catalogue.Entry>
    {
        guard query.text != nil || query.project != nil else { return catalogue.entries[...] }
        let search = Search(query.text ?? "")
        return catalogue.entries.filter { entry in
            (query.project == nil || entry.project == query.project ?? "") && search.matches(entry.ref.text)
        }[...]
    }

    // MARK: Parts

    private static func projects(_ catalogue: Catalogue.Snapshot, _ query: Query) -> String {
        guard catalogue.projects.count > 1 else { return "" }
        func item(_ name: String?, _ title: String, _ count: Int) -> String {
            let here = query.project == name ? " aria-current=\"page\"" : ""
            let link = name == nil ? "." : HTML.query([("project", name)])
            return "<li><a href=\"\(link)\"\(here)><span>\(title)</span> <small>\(count)</small></a></li>\n"
        }
        var text = "<nav aria-label=\"Projects\">\n<h2>Projects</h2>\n<ul>\n"
        text += item(nil, "All", catalogue.count)
        // Refs of one part have no project.
        for (name, count) in catalogue.projects.prefix(500) where !name.isEmpty {
            text += item(name, HTML.escaped(name), count)
        }
        return text + "</ul>\n</nav>\n"
    }

    private static func heading(
        _ catalogue: Catalogue.Snapshot, _ query: Query, found: Int, shown: Int
    ) -> String {
        var text = Quantities.count(found, "artifact")
        if let project = query.project { text += " of <strong>\(HTML.escaped(project))</strong>" }
        if let words = query.text { text += " with “\(HTML.escaped(words))”" }
        if shown < found { text += ", \(shown) of them here" }
        if catalogue.count > catalogue.entries.count {
            text +=
                "; the repository has \(Quantities.count(catalogue.count, "ref")), and more than are listed"
        }
        if found == 0 {
            text +=
                catalogue.count == 0
                ? ". Builders put them here with <code>bst-artifact push</code>."
                : ". <a href=\".\">Show all</a>"
        }
        return "<p class=\"count\" role=\"status\">\(text)</p>\n"
    }

    private func table(_ entries: ArraySlice<Catalogue.Entry>, url: String, now: Int) -> String {
        guard !entries.isEmpty else { return "" }
        var text = """
            <div class="scroll"><table>
            <thead><tr><th scope="col">Key</th><th scope="col" class="number">Size</th><th scope="col">Made</th>\
            <th scope="col">Used</th><th scope="col">To pull it</th></tr></thead>

            """
        var last: Catalogue.Entry?
        for entry in entries {
            if last == nil || last?.project != entry.project || last?.element != entry.element {
                let element =
                    entry.element.isEmpty
                    ? HTML.escaped(entry.project)
                    : "<span>\(HTML.escaped(entry.project))</span> <b>\(HTML.escaped(entry.element))</b>"
                if last != nil { text += "</tbody>\n" }
                text += "<tbody>\n"
                if !element.isEmpty {
                    text +=
                        "<tr class=\"element\"><th colspan=\"5\" scope=\"rowgroup\">\(element)</th></tr>\n"
                }
            }
            text += row(entry, url: url, now: now)
            last = entry
        }
        return text + "</tbody>\n</table></div>\n"
    }

    private func row(_ entry: Catalogue.Entry, url: String, now: Int) -> String {
        let authority = hasOwnCertificate ? " --ca certificate.pem" : ""
        // Brackets are the only special characters of a shell that URLs and refs can have here.
        let remote = url.contains("[") ? "'\(url)'" : url
        let command = "bst-artifact pull \(entry.ref) --remote \(remote)\(authority)"
        // The size of an unreadable commit is unknown.
        let size =
            entry.made == nil
            ? "?"
            : entry.length.map { "<span title=\"\($0) bytes\">\(Format.bytes($0))</span>" }
                ?? "<span title=\"not looked up yet\">…</span>"
        return """
            <tr><th scope="row"><code title="commit \(entry.commit)">\(HTML.escaped(entry.key))</code></th>\
            <td class="number">\(size)</td><td>\(Page.time(entry.made, now))</td>\
            <td>\(Page.time(entry.used, now))</td>\
            <td class="command"><code>\(HTML.escaped(command))</code><button type="button" class="copy">Copy</button></td></tr>

            """
    }

    private static func time(_ time: Int?, _ now: Int) -> String {
        guard let time else { return "?" }
        let moment = HTTPDate.minute(time)
        return
            "<time datetime=\"\(moment)Z\" title=\"\(moment) UTC\">\(Quantities.age(of: time, now: now))</time>"
    }

    private static func pages(_ query: Query, _ number: Int, of count: Int) -> String {
        guard count > 1 else { return "" }
        func link(_ target: Int, _ text: String, _ relation: String) -> String {
            guard (1...count).contains(target) else { return "<span>\(text)</span>" }
            let address = HTML.query([("q", query.text), ("project", query.project), ("page", "\(target)")])
            return "<a rel=\"\(relation)\" href=\"\(address)\">\(text)</a>"
        }
        return "<nav class=\"pages\" aria-label=\"Pages\">\(link(number - 1, "← Previous", "prev")) "
            + "<span>Page \(number) of \(count)</span> \(link(number + 1, "Next →", "next"))</nav>\n"
    }

    private func note(_ url: String) -> String {
        var text =
            "<p>Size is what a pull into an empty repository fetches: what artifacts share, each of them counts. "
            + "Times are of the commit, and of the last push or pull that the server knows of.</p>\n"
        if let fingerprint {
            text += """
                <p>This server made its certificate itself. Fetch it once, and compare the fingerprint with what its \
                administrator tells you:</p>
                <pre><code>curl --insecure -o certificate.pem \(url)/certificate.pem
                openssl x509 -in certificate.pem -noout -fingerprint -sha256
                </code></pre>
                <p>SHA-256 <code class="fingerprint">\(HTML.escaped(fingerprint))</code></p>

                """
        }
        return text
    }
}
