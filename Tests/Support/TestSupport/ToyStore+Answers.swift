// SPDX-License-Identifier: Apache-2.0
import Foundation

extension ToyStore {
    private typealias Answer = ScriptedServer.Answer

    /// A request in parts.
    private struct Call {
        let request: ScriptedServer.Request
        /// The key; empty for requests to the bucket.
        let key: String
        let query: [String: String]

        /// Nil for another bucket.
        init?(_ request: ScriptedServer.Request) {
            let parts = request.path.dropFirst().split(
                separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.first.map(String.init) == ToyStore.bucket else { return nil }
            self.request = request
            key = parts.count > 1 ? parts[1].removingPercentEncoding ?? "" : ""
            var query: [String: String] = [:]
            for parameter in request.target.dropFirst(request.path.count + 1).split(separator: "&") {
                let pair = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                query[String(pair[0])] = pair.count > 1 ? pair[1].removingPercentEncoding ?? "" : ""
            }
            self.query = query
        }
    }

    func answer(_ request: ScriptedServer.Request) -> ScriptedServer.Answer {
        guard let call = Call(request) else { return ToyStore.error(404, "NoSuchBucket") }
        switch deviation(request) {
        case .instead(let answer): return answer
        case .afterwards(let answer):
            _ = right(call)
            return answer
        case .behind(let action):
            action(self)
            return right(call)
        case .stale(let objects): return read(call, objects) ?? right(call)
        case nil: return race(call) ?? right(call)
        }
    }

    /// Creates an object although there may be one by now.
    private func race(_ call: Call) -> Answer? {
        guard conditions == .racy, call.key.hasSuffix("-race"), self[call.key] == nil else { return nil }
        // Nobody writes before several have looked.
        racers.withLock { $0 += 1 }
        _ = eventually(within: 1) { racers.withLock { $0 } >= 4 }
        self[call.key] = call.request.body
        return .status(200)
    }

    private func right(_ call: Call) -> Answer {
        let now = now
        return objects.withLock { objects in
            if let answer = read(call, objects) { return answer }
            switch call.request.method {
            case "PUT":
                if let refusal = refusal(call.request.headers, objects[call.key]) { return refusal }
                let metadata = call.request.headers.filter { $0.key.hasPrefix("x-amz-meta-") }
                let object = Object(
                    bytes: call.request.body, modified: now,
                    metadata: metadata.map { "\($0.key): \($0.value)" })
                objects[call.key] = object
                return .status(200, headers: ["ETag: \"\(object.etag)\""])
            case "DELETE":
                objects[call.key] = nil
                return .status(204)
            case "POST" where call.query["delete"] != nil:
                for key in ToyStore.texts("Key", in: call.request.body) { objects[key] = nil }
                return .text(200, "<DeleteResult></DeleteResult>")
            default: return ToyStore.error(405, "MethodNotAllowed")
            }
        }
    }

    private func refusal(_ headers: [String: String], _ present: Object?) -> Answer? {
        let creation = headers["if-none-match"]
        let replacement = headers["if-match"]
        if creation ?? replacement != nil, conditions == .refused {
            return ToyStore.error(501, "NotImplemented")
        }
        if creation == "*", present != nil, conditions != .ignored, conditions != .onlyReplacement {
            return ToyStore.error(412, "PreconditionFailed")
        }
        guard let replacement, conditions != .ignored, conditions != .onlyCreation else { return nil }
        let isQuoted = replacement.hasPrefix("\"")
        if conditions == .quotedOrIgnored, !isQuoted { return nil }
        if conditions == .quotedOrFalse, !isQuoted { return ToyStore.error(412, "PreconditionFailed") }
        if conditions == .unquotedOrFalse, isQuoted { return ToyStore.error(412, "PreconditionFailed") }
        guard let present else { return ToyStore.error(404, "NoSuchKey") }
        return present.etag == replacement.filter { $0 != "\"" }
            ? nil : ToyStore.error(412, "PreconditionFailed")
    }
}

// MARK: Reading

extension ToyStore {
    /// Answers a request that changes nothing; nil for another.
    private func read(_ call: Call, _ objects: [String: Object]) -> Answer? {
        guard ["GET", "HEAD"].contains(call.request.method) else { return nil }
        guard !call.key.isEmpty else { return list(call.query, objects) }
        guard let object = objects[call.key] else { return ToyStore.error(404, "NoSuchKey") }
        let headers =
            ["ETag: \"\(object.etag)\"", "Last-Modified: \(ToyStore.date(object.modified, .http))"]
            + object.metadata
        guard let range = call.request.headers["range"] else {
            return .status(200, headers: headers, body: object.bytes)
        }
        guard let part = ByteRange.parse(range, size: object.bytes.count) else {
            return ToyStore.error(416, "InvalidRange")
        }
        let place = "Content-Range: bytes \(part.lowerBound)-\(part.upperBound - 1)/\(object.bytes.count)"
        return .status(206, headers: headers + [place], body: Array(object.bytes[part]))
    }

    /// Lists objects; the token of a page is the last key, or common beginning, of the one before.
    private func list(_ query: [String: String], _ objects: [String: Object]) -> Answer {
        let prefix = query["prefix"] ?? ""
        let limit = min(1000, query["max-keys"].flatMap { Int($0) } ?? 1000)
        let start = query["continuation-token"] ?? query["start-after"] ?? ""
        var lines: [String] = []
        var last = ""
        var isTruncated = false
        for key in ToyStore.sorted(objects.keys) where key.utf8.starts(with: prefix.utf8) {
            guard let object = objects[key], start.utf8.lexicographicallyPrecedes(key.utf8) else { continue }
            let rest = key.dropFirst(prefix.count)
            let common = query["delimiter"].flatMap { rest.range(of: $0) }.map {
                prefix + rest[..<$0.upperBound]
            }
            // All keys with a common beginning are one entry, also of an earlier page.
            if let common, common == last || start.hasPrefix(common) { continue }
            guard lines.count < limit else {
                isTruncated = true
                break
            }
            last = common ?? key
            lines.append(
                common.map { "<CommonPrefixes><Prefix>\(ToyStore.encoded($0))</Prefix></CommonPrefixes>" }
                    ?? """
                    <Contents><Key>\(ToyStore.encoded(key))</Key><Size>\(object.bytes.count)</Size>\
                    <LastModified>\(ToyStore.date(object.modified, .iso))</LastModified>\
                    <ETag>&quot;\(object.etag)&quot;</ETag></Contents>
                    """)
        }
        let end =
            isTruncated
            ? "<IsTruncated>true</IsTruncated><NextContinuationToken>\(ToyStore.escaped(last))</NextContinuationToken>"
            : "<IsTruncated>false</IsTruncated>"
        return .text(
            200,
            "<ListBucketResult><EncodingType>url</EncodingType>\(lines.joined())\(end)</ListBucketResult>")
    }
}

// MARK: Texts

extension ToyStore {
    private enum DateForm: String {
        case http = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        case iso = "yyyy-MM-dd'T'HH:mm:ss.000'Z'"
    }

    private static func date(_ seconds: Int, _ form: DateForm) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = form.rawValue
        return formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
    }

    private static func encoded(_ key: String) -> String {
        key.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    private static let entities = [
        ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&apos;"),
    ]

    private static func escaped(_ text: String) -> String {
        entities.reduce(text) { $0.replacing($1.0, with: $1.1) }
    }

    /// The texts of all elements of a name.
    private static func texts(_ name: String, in xml: [UInt8]) -> [String] {
        String(decoding: xml, as: UTF8.self).components(separatedBy: "<\(name)>").dropFirst().map { part in
            let text = part.components(separatedBy: "</\(name)>")[0]
            return entities.reversed().reduce(text) { $0.replacing($1.1, with: $1.0) }
        }
    }
}
