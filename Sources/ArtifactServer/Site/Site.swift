// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls
import TextCoding

/// Routes requests to responses: a repository's files, the page, and metrics. It knows no sockets.
public final class Site: Sendable {
    /// The settings of a site.
    public struct Options: Sendable {
        /// The clients that may read `/metrics`.
        public enum Audience: String, Sendable, CaseIterable {
            /// Clients of this machine.
            case loopback
            /// All clients.
            case everyone
            /// No client.
            case nobody
        }

        /// The URL that the page shows; by default it is made from the `Host` header.
        public var url: String?
        /// Indicates that clients connect with TLS.
        public var isEncrypted = true
        /// The self-signed certificate, offered for download; nil if the certificate is another one.
        public var certificate: Certificate?
        /// The clients that may read `/metrics`.
        public var metrics = Audience.loopback

        /// Creates the default settings.
        public init() {}
    }

    private let options: Options
    private let repository: Repository
    private let files: RepositoryFiles
    private let catalogue: Catalogue
    private let page: Page
    let accesses: AccessCollector
    let metrics: Metrics

    /// Creates the site of an archive repository.
    public init(
        _ repository: Repository, catalogue: Catalogue, accesses: AccessCollector,
        options: Options = Options()
    ) throws {
        guard repository.mode == .archive else {
            throw RepositoryError(
                .unsuitableMode,
                "cannot serve \(repository.path): it is of mode \(repository.mode), and only archive repositories can be "
                    + "pulled from over the web; make one with 'bst-artifact init' and push to that")
        }
        self.repository = repository
        files = try RepositoryFiles(repository.path)
        self.options = options
        self.catalogue = catalogue
        self.accesses = accesses
        metrics = Metrics(repository)
        page = Page(
            hasOwnCertificate: options.certificate != nil, fingerprint: options.certificate?.fingerprint)
    }

    /// Returns the response to a request.
    public func response(to request: Request) -> Response {
        var response = route(request)
        response.headers.append(("X-Content-Type-Options", "nosniff"))
        return response
    }

    /// The largest body of a request, in bytes: the names of as many objects as may be asked for at a time.
    static let largestBody = FrameHeader.byteCount + ReceiveStateMachine.largestWant

    /// Returns true if a request for many objects may have a body.
    func takesBody(_ request: Request) -> Bool {
        request.method == "POST" && RequestTarget(request.target)?.path == "objects"
    }

    /// Returns the response to a request for many objects.
    ///
    /// - Parameter body: a `want` message.
    func objects(for request: Request, body: [UInt8]) -> Response {
        let buffer = StreamBuffer()
        guard let target = RequestTarget(request.target), buffer.append(body) == body.count,
            case .want(let wanted)? = try? MessageReader(version: .one).next(from: buffer),
            buffer.readable.isEmpty, wanted.count <= ReceiveStateMachine.wantLimit,
            wanted.allSatisfy({ $0.resumePoint == nil })
        else { return .text(400, "The body must be a message that names objects.") }
        let names = wanted.map(\.name)
        for name in names where name.type == .commit { accesses.add(.commit(name.checksum)) }
        let present = (target.field("have")?.split(separator: ",").prefix(SimilarCommits.limit) ?? [])
            .compactMap { Checksum(hex: $0) }
        // Objects of a delta are not to be sent twice.
        let hasDeltas = names.contains {
            $0.type == .commit && files.hasDeltas(to: $0.checksum, from: present)
        }
        var ahead = ObjectsAhead(repository, similar: hasDeltas ? [] : present)
        // Nothing is sent ahead of what cannot be read.
        if let commit = target.field("commit").flatMap({ Checksum(hex: $0) }), !present.isEmpty {
            try? ahead.prime(commit)
        }
        let stream = ObjectStream(names, ahead: ahead) { [files] name throws(SystemError) in
            try files.open(name)
        }
        var headers = [("Content-Type", "application/octet-stream"), ("Cache-Control", "no-store")]
        if hasDeltas { headers.append((Site.deltasHeader, "1")) }
        return Response(200, headers: headers, body: .objects(stream))
    }

    private func route(_ request: Request) -> Response {
        guard request.method == "GET" || request.method == "HEAD" else {
            return .text(
                405, "Only GET and HEAD are answered: push with 'bst-artifact push' over ssh.",
                headers: [("Allow", "GET, HEAD")])
        }
        guard !request.hasBody else { return .text(400, "A request must have no body.") }
        guard let target = RequestTarget(request.target) else { return .notFound }
        switch target.path {
        case "": return show(target, request)
        case "style.css": return .generated(Assets.style, type: "text/css; charset=utf-8", for: request)
        case "search.js":
            return .generated(Assets.script, type: "text/javascript; charset=utf-8", for: request)
        case "healthz": return .text(200, "ok", headers: [("Cache-Control", "no-store")])
        case "metrics": return measure(request)
        case "certificate.pem":
            guard let certificate = options.certificate else { return .notFound }
            return .generated(certificate.pem, type: "application/x-pem-file", for: request)
        default: return file(target.path, request)
        }
    }

    /// The header that tells clients that they can ask for many objects at once.
    private static let objectsHeader = "Artifact-Objects"
    /// The header that tells them that there are static deltas to commits that they ask for.
    private static let deltasHeader = "Artifact-Deltas"

    private func file(_ path: String, _ request: Request) -> Response {
        guard let served = ServedFile(path[...]) else { return .notFound }
        do {
            guard var response = try files.response(with: served, to: request) else { return .notFound }
            switch served {
            case .config, .ref: response.headers.append((Site.objectsHeader, "1"))
            default: break
            }
            if request.method == "GET", [200, 206, 304].contains(response.status) {
                switch served {
                case .ref(let ref): accesses.add(.ref(ref))
                case .object(let name) where name.type == .commit: accesses.add(.commit(name.checksum))
                default: break
                }
            }
            return response
        } catch {
            return error.code == EACCES
                ? .text(403, "The server may not read this.")
                : .text(500, "The server cannot read this now.")
        }
    }

    private func show(_ target: RequestTarget, _ request: Request) -> Response {
        let query = Page.Query(
            text: target.field("q"), project: target.field("project"),
            number: target.field("page").flatMap { Int($0) } ?? 1)
        let bytes = page.html(catalogue.snapshot(), query, url: url(request), now: time(nil))
        return .generated(bytes, type: "text/html; charset=utf-8", for: request, headers: Page.headers)
    }

    private func measure(_ request: Request) -> Response {
        switch options.metrics {
        case .nobody: return .notFound
        case .loopback where !request.isLocal:
            return .text(403, "Metrics are for clients of this machine; see --metrics.")
        default:
            let text = metrics.text(catalogue.snapshot(), accesses: accesses)
            return Response(
                200,
                headers: [
                    ("Content-Type", "text/plain; version=0.0.4; charset=utf-8"),
                    ("Cache-Control", "no-store"),
                ], body: .bytes(Array(text.utf8)))
        }
    }

    /// Returns the URL at which a client reaches the repository.
    private func url(_ request: Request) -> String {
        if let url = options.url { return url }
        let scheme = options.isEncrypted ? "https" : "http"
        guard let host = request.host, Site.isAuthority(host) else { return "\(scheme)://HOST" }
        return "\(scheme)://\(host)"
    }

    /// Returns true for a host with an optional port. Of a shell's special characters it accepts brackets only.
    private static func isAuthority(_ text: some StringProtocol) -> Bool {
        (1...255).contains(text.utf8.count) && !text.hasPrefix("-")
            && text.utf8.allSatisfy { $0.isASCIIAlphanumeric || ":-.[]".utf8.contains($0) }
    }

    /// Returns true for an HTTP(S) URL that the page may show.
    public static func isURL(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return false }
        let parts = text.dropFirst(scheme.count).split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        return isAuthority(parts[0])
            && (parts.count == 1
                || parts[1].utf8.allSatisfy { $0.isASCIIAlphanumeric || "/-._%".utf8.contains($0) })
    }
}
