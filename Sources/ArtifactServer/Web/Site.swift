// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// What is served, as answers to requests: a repository, and beside it a page for people and numbers for Prometheus.
/// No sockets here.
public final class Site: Sendable {
    /// How a site is to be.
    public struct Options: Sendable {
        /// Who may read `/metrics`.
        public enum Audience: String, Sendable, CaseIterable {
            /// Clients of this machine.
            case loopback
            /// Everybody.
            case everyone
            /// Nobody.
            case nobody
        }

        /// Where clients reach it; otherwise the host that they name is believed.
        public var url: String?
        /// Whether it is reached through TLS, for URLs.
        public var isEncrypted = true
        /// A certificate of its own making, which clients must be given.
        public var certificate: Certificate?
        /// Who may read `/metrics`.
        public var metrics = Audience.loopback

        /// The usual.
        public init() {}
    }

    private let options: Options
    private let files: RepositoryFiles
    private let catalogue: Catalogue
    private let page: Page
    let uses: UseCollector
    let metrics: Metrics

    /// A site that serves a repository, of which some things are known already.
    public init(
        _ repository: Repository, catalogue: Catalogue, uses: UseCollector, options: Options = Options()
    ) throws {
        guard repository.mode == .archive else {
            throw RepositoryError(
                .unsuitableMode,
                "cannot serve \(repository.path): it is of mode \(repository.mode), and only archive repositories can be "
                    + "pulled from over the web; make one with 'bst-artifact init' and push to that")
        }
        files = try RepositoryFiles(repository.path)
        self.options = options
        self.catalogue = catalogue
        self.uses = uses
        metrics = Metrics(repository)
        page = Page(
            hasOwnCertificate: options.certificate != nil, fingerprint: options.certificate?.fingerprint)
    }

    /// Answers a request.
    public func answer(_ request: Request) -> Answer {
        var answer = route(request)
        answer.headers.append(("X-Content-Type-Options", "nosniff"))
        return answer
    }

    private func route(_ request: Request) -> Answer {
        guard request.method == "GET" || request.method == "HEAD" else {
            return .line(
                405, "Only GET and HEAD are answered: push with 'bst-artifact push' over ssh.",
                headers: [("Allow", "GET, HEAD")])
        }
        guard !request.hasBody else { return .line(400, "A request must have no body.") }
        guard let target = Target(request.target) else { return .notFound }
        switch target.path {
        case "": return show(target, request)
        case "style.css": return .made(Assets.style, type: "text/css; charset=utf-8", to: request)
        case "search.js": return .made(Assets.script, type: "text/javascript; charset=utf-8", to: request)
        case "healthz": return .line(200, "ok", headers: [("Cache-Control", "no-store")])
        case "metrics": return measure(request)
        case "certificate.pem":
            guard let certificate = options.certificate else { return .notFound }
            return .made(certificate.pem, type: "application/x-pem-file", to: request)
        default: return file(target.path, request)
        }
    }

    private func file(_ path: String, _ request: Request) -> Answer {
        guard let served = ServedFile(path[...]) else { return .notFound }
        do {
            guard let answer = try files.answer(served, to: request) else { return .notFound }
            if request.method == "GET", [200, 206, 304].contains(answer.status) {
                switch served {
                case .ref(let ref): uses.note(.ref(ref))
                case .object(let name) where name.type == .commit: uses.note(.commit(name.checksum))
                default: break
                }
            }
            return answer
        } catch {
            return error.code == EACCES
                ? .line(403, "The server may not read this.")
                : .line(500, "The server cannot read this now.")
        }
    }

    private func show(_ target: Target, _ request: Request) -> Answer {
        let query = Page.Query(
            text: target.field("q"), project: target.field("project"),
            number: target.field("page").flatMap { Int($0) } ?? 1)
        let bytes = page.html(catalogue.snapshot(), query, url: url(request), now: time(nil))
        return .made(bytes, type: "text/html; charset=utf-8", to: request, headers: Page.headers)
    }

    private func measure(_ request: Request) -> Answer {
        switch options.metrics {
        case .nobody: return .notFound
        case .loopback where !request.isLocal:
            return .line(403, "Metrics are for clients of this machine; see --metrics.")
        default:
            let text = metrics.text(catalogue.snapshot(), uses: uses)
            return Answer(
                200,
                headers: [
                    ("Content-Type", "text/plain; version=0.0.4; charset=utf-8"),
                    ("Cache-Control", "no-store"),
                ], body: .bytes(Array(text.utf8)))
        }
    }

    /// Where this client reaches the repository.
    private func url(_ request: Request) -> String {
        if let url = options.url { return url }
        let scheme = options.isEncrypted ? "https" : "http"
        guard let host = request.host, Site.isAuthority(host) else { return "\(scheme)://HOST" }
        return "\(scheme)://\(host)"
    }

    /// Whether something is a host with or without a port, and nothing that means anything to a shell but brackets.
    private static func isAuthority(_ text: some StringProtocol) -> Bool {
        (1...255).contains(text.utf8.count) && !text.hasPrefix("-")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "."),
                    UInt8(ascii: "["), UInt8(ascii: "]"):
                    true
                default: false
                }
            }
    }

    /// Whether something is the URL of a place on a web server, as the page may show it.
    public static func isURL(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return false }
        let parts = text.dropFirst(scheme.count).split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        return isAuthority(parts[0])
            && (parts.count == 1
                || parts[1].utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                        UInt8(ascii: "/")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                        UInt8(ascii: "_"), UInt8(ascii: "%"):
                        true
                    default: false
                    }
                })
    }
}
