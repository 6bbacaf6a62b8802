// SPDX-License-Identifier: Apache-2.0

import SystemCalls
import TextCoding

/// A request to a bucket and the meaning of its answer.
///
/// `S3Client.run` waits for the value; `S3Client.start` does not.
package struct S3Operation<Value: Sendable>: Sendable {
    let request: S3Request
    /// Throws `S3Error`; the argument of type `String` is the object's address for messages.
    let interpret: @Sendable (S3Response, String) throws -> Value
}

extension S3Operation where Value == Lookup<S3Object> {
    /// Reads an object, or a part of it, into memory.
    ///
    /// - Parameters:
    ///   - range: the wanted part, which may reach beyond the end but must not begin there; nil for all.
    ///   - limit: the most bytes that are accepted; more are an error with code `tooLarge`.
    ///   - isFresh: asks caches between us and the store to look there, for what may have changed.
    ///   - metadata: the name of metadata that the attributes are to tell.
    package static func get(
        _ key: String, range: Range<UInt64>? = nil, limit: Int, isFresh: Bool = false, metadata: String? = nil
    ) -> Self {
        let headers = isFresh ? ["Cache-Control: no-cache"] : []
        let request = S3Request(
            kind: .get, key: key, headers: headers, range: range, limit: limit, metadata: metadata)
        return S3Operation(request: request) { response, _ in
            response.status == 404
                ? .notFound : .found(S3Object(bytes: response.body, attributes: response.attributes))
        }
    }
}

extension S3Operation where Value == Lookup<ObjectAttributes> {
    /// Reads an object, or a part of it, and passes it on piece by piece.
    ///
    /// A connection that breaks is continued where it ended, so each byte comes once and in order. An object that is
    /// replaced meanwhile is an error with code `objectChanged`.
    ///
    /// - Parameter sink: runs on the client's thread, on which all other requests wait meanwhile. Its error ends the
    ///   request and is thrown as it is.
    package static func stream(
        _ key: String, range: Range<UInt64>? = nil,
        into sink: @escaping @Sendable (_ offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws -> Void
    ) -> Self {
        S3Operation(request: S3Request(kind: .get, key: key, range: range, sink: sink), interpret: attributes)
    }

    /// Reads an object, or a part of it, into a file, each byte at its offset in the object. A failure to write is a
    /// `SystemError`.
    package static func stream(_ key: String, range: Range<UInt64>? = nil, into file: Descriptor) -> Self {
        .stream(key, range: range) { offset, bytes in try file.writeAll(bytes, at: offset) }
    }

    /// Reads the attributes of an object.
    ///
    /// - Parameter metadata: the name of metadata that they are to tell.
    package static func head(_ key: String, metadata: String? = nil) -> Self {
        S3Operation(request: S3Request(kind: .head, key: key, metadata: metadata), interpret: attributes)
    }

    private static func attributes(_ response: S3Response, _: String) -> Lookup<ObjectAttributes> {
        response.status == 404 ? .notFound : .found(response.attributes)
    }
}

extension S3Operation where Value == PutResult {
    /// Writes an object.
    ///
    /// Without a condition, it is repeated until the store confirms it. With one, see `PutResult`; where no attempt
    /// gets an answer that settles it, the error has the code `outcomeUnknown`, and the effect may even come later.
    ///
    /// - Parameters:
    ///   - cacheControl: the value of `Cache-Control` with which the object is served; nil for none.
    ///   - contentType: the value of `Content-Type` with which it is served.
    ///   - metadata: a value to keep with the object.
    package static func put(
        _ key: String, _ body: S3Body, if condition: PutCondition = .none, cacheControl: String? = nil,
        contentType: String = "application/octet-stream", metadata: ObjectMetadata? = nil
    ) -> Self {
        var headers = ["Content-Type: \(contentType)"]
        if let cacheControl { headers.append("Cache-Control: \(cacheControl)") }
        if let metadata { headers.append("\(ObjectMetadata.header(metadata.name)): \(metadata.value)") }
        let request = S3Request(kind: .put, key: key, headers: headers, body: body, condition: condition)
        return S3Operation(request: request) { response, _ in
            // AWS answers 404 where the object that is to be replaced is gone.
            [404, 412].contains(response.status)
                ? response.isRepeated ? .unknown : .preconditionFailed : .stored(response.attributes.etag)
        }
    }

    /// Writes bytes. See `put(_:_:if:cacheControl:contentType:metadata:)`.
    package static func put(
        _ key: String, _ bytes: [UInt8], if condition: PutCondition = .none, cacheControl: String? = nil
    ) -> Self {
        .put(key, .bytes(bytes), if: condition, cacheControl: cacheControl)
    }
}

extension S3Operation where Value == Void {
    /// Removes an object. One that is not there counts as removed. There is no condition, since Ceph ignores it.
    ///
    /// An attempt whose answer was lost is repeated, for up to two minutes, and would then remove what somebody else
    /// has created meanwhile.
    ///
    /// - Parameter repeating: false to fail with code `outcomeUnknown` rather than to repeat such an attempt. Even then
    ///   the effect may come later.
    package static func delete(_ key: String, repeating: Bool = true) -> Self {
        S3Operation(request: S3Request(kind: .delete, key: key, mayRepeat: repeating)) { _, _ in }
    }
}

extension S3Operation where Value == [DeleteFailure] {
    /// The most objects of one request.
    package static var maximumCount: Int { 1000 }

    /// Removes up to `maximumCount` objects. Those that are not there count as removed.
    ///
    /// - Parameters:
    ///   - repeating: see the removal of one object.
    ///   - date: the time that the request carries, in seconds since 1970, by which the store refuses it a quarter of an hour
    ///     later (code `clockSkew`), whatever has held it up; nil for that of each attempt.
    /// - Returns: those that could not be removed.
    package static func delete(_ keys: [String], repeating: Bool = true, date: Int? = nil) -> Self {
        precondition(keys.count <= maximumCount)
        let objects = keys.map { "<Object><Key>\(XMLText.escape($0))</Key></Object>" }.joined()
        let body = Array("<Delete><Quiet>true</Quiet>\(objects)</Delete>".utf8)
        // The store takes no such request without a checksum; FIPS systems have no MD5.
        let md5 = ContentDigest.md5Base64(body)
        let request = S3Request(
            kind: .deleteMany, query: [("delete", "")],
            headers: ["Content-Type: application/xml"] + (md5.map { ["Content-MD5: \($0)"] } ?? [])
                + (date.map { ["x-amz-date: \(Timestamp.basic($0))"] } ?? []),
            body: .bytes(body), mayRepeat: repeating, limit: 1 << 20)
        return S3Operation(request: request) { response, shown in
            var failures: [DeleteFailure] = []
            var fields: [String: String] = [:]
            var isResult = false
            let isWellFormed = XMLText.read(response.body) { path, text in
                guard path.first == "DeleteResult" else { return }
                isResult = true
                switch path.dropFirst() {
                case ["Error"]:
                    failures.append(
                        DeleteFailure(key: fields["Key"] ?? "", code: (fields["Code"] ?? "").shownInMessage))
                    fields = [:]
                case let inner where inner.count == 2 && inner.first == "Error": fields[path[2]] = text
                default: break
                }
            }
            guard isWellFormed, isResult else {
                throw S3Error.unreadableAnswer(to: "remove objects of", shown)
            }
            return failures
        }
    }
}

extension S3Operation where Value == ListPage {
    /// Lists objects (`ListObjectsV2`), a page at a time.
    ///
    /// - Parameters:
    ///   - prefix: the beginning of all wanted keys.
    ///   - start: the key behind which the list begins; nil for the first.
    ///   - limit: the most keys of the page, up to 1,000.
    ///   - delimiter: keys that have it behind the prefix are replaced by their common beginning.
    ///   - continuation: the token of the page before.
    package static func list(
        prefix: String, after start: String? = nil, limit: Int = 1000, delimiter: String? = nil,
        continuation: String? = nil
    ) -> Self {
        let parameters: [(String, String?)] = [
            ("continuation-token", continuation), ("delimiter", delimiter), ("encoding-type", "url"),
            ("list-type", "2"),
            ("max-keys", String(limit)), ("prefix", prefix),
            ("start-after", continuation == nil ? start : nil),
        ]
        let query = parameters.compactMap { name, value in value.map { (name: name, value: $0) } }
        return S3Operation(request: S3Request(kind: .list, query: query, limit: 16 << 20)) {
            response, shown in
            guard let page = ListPage(xml: response.body) else {
                throw S3Error.unreadableAnswer(to: "list", shown)
            }
            return page
        }
    }
}
