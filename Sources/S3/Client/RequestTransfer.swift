// SPDX-License-Identifier: Apache-2.0

import CCurl
import Glibc
import SystemCalls
import TextCoding

/// A handle of libcurl with one attempt at a request. It is used again for further ones, by the client's thread.
final class RequestTransfer {
    let handle: UnsafeMutableRawPointer
    private let location: S3Location
    private let configuration: S3Configuration
    private let mailbox: Mailbox
    private let sockets: ConnectionSockets
    private let errorBuffer = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var headers: UnsafeMutablePointer<curl_slist>?

    /// The request under way; nil while the handle is idle.
    private(set) var job: RequestJob?
    /// The number of times that the request was written to a connection.
    private(set) var sendCount = 0
    /// The answer's body, as far as it is kept.
    private(set) var body: [UInt8] = []
    /// An error of a sink, of a body, or of an answer that cannot be used.
    private(set) var failure: (any Error)?
    private var sent: UInt64 = 0
    /// The socket of the connection; nil where it is not known.
    private var socket: Int32?
    private var isChecked = false

    /// The most bytes of an error document.
    private static let longestError = 1 << 16
    /// Bodies up to this size are copied and travel with the header, in one packet where they fit.
    private static let largestCopied = 1 << 16

    init?(
        _ location: S3Location, _ configuration: S3Configuration, _ mailbox: Mailbox,
        _ sockets: ConnectionSockets
    ) {
        guard let handle = ccurl_easy_init() else { return nil }
        self.handle = handle
        self.location = location
        self.configuration = configuration
        self.mailbox = mailbox
        self.sockets = sockets
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        ccurl_easy_cleanup(handle)
        ccurl_slist_free_all(headers)
        errorBuffer.deallocate()
    }

    /// Prepares an attempt.
    func prepare(_ job: RequestJob, credentials: Credentials?, etagForm: ETag.Form) {
        release()
        self.job = job
        job.credentials = credentials
        (sendCount, body, failure, sent, isChecked) = (0, [], nil, 0, false)
        errorBuffer[0] = 0
        // Connections belong to the multi handle, so they stay.
        ccurl_easy_reset(handle)
        setOptions(of: job.request)
        setHeaders(credentials, etagForm)
        setBody(of: job.request)
        if let range = job.missingRange {
            ccurl_set_string(
                handle, CURLOPT_RANGE, "\(range.start)-\(range.end.map { String($0 - 1) } ?? "")")
        }
        setCallbacks()
    }

    /// Drops the request.
    func release() {
        (job, body) = (nil, [])
        ccurl_slist_free_all(headers)
        headers = nil
    }

    /// Returns libcurl's reason for a failure.
    func reason(_ code: CURLcode) -> String {
        errorBuffer[0] == 0 ? String(cString: ccurl_easy_strerror(code)) : String(cString: errorBuffer)
    }

    /// The value of a header of the answer.
    func header(_ name: String) -> String? { ccurl_header(handle, name).map { String(cString: $0) } }
}

// MARK: Preparing

extension RequestTransfer {
    private func setOptions(of request: S3Request) {
        let query = request.query.map {
            "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))"
        }
        let url =
            configuration.endpoint.url(location.bucket, request.key, configuration.addressing)
            + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        let strings: [(CURLoption, String?)] = [
            (CURLOPT_URL, url), (CURLOPT_USERAGENT, "bst-artifact"), (CURLOPT_PROTOCOLS_STR, "http,https"),
            (CURLOPT_CAINFO, configuration.authorities),
            (CURLOPT_NOPROXY, configuration.endpoint.isLoopback ? "*" : nil),
        ]
        for case (let option, let value?) in strings { ccurl_set_string(handle, option, value) }
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_NOSIGNAL, 1),
            // The path is signed as it is written.
            (CURLOPT_PATH_AS_IS, 1),
            // A redirection would take the signature elsewhere; it is an error that names the region.
            (CURLOPT_FOLLOWLOCATION, 0),
            // S3 has no HTTP/2, and one stream less that libcurl may repeat by itself is welcome.
            (CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1),
            (CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2),
            (CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(configuration.connectTimeout / .milliseconds(1)))),
            (CURLOPT_LOW_SPEED_LIMIT, 1),
            (CURLOPT_LOW_SPEED_TIME, max(1, Int(configuration.timeout / .seconds(1)))),
            (CURLOPT_BUFFERSIZE, 128 * 1024),
            (CURLOPT_UPLOAD_BUFFERSIZE, 256 * 1024),
        ]
        for (option, value) in numbers { ccurl_set_long(handle, option, value) }
    }

    private func setHeaders(_ credentials: Credentials?, _ etagForm: ETag.Form) {
        guard let job else { return }
        // libcurl compares whole header lines when it sorts, so no name of a signed header may begin with that of
        // another.
        var lines = job.request.headers
        switch job.request.condition {
        case .none: break
        case .ifAbsent: lines.append("If-None-Match: *")
        case .ifMatch(let etag): lines.append("If-Match: \(etag.headerValue(etagForm))")
        case .ifMatchInForm(let etag, let form): lines.append("If-Match: \(etag.headerValue(form))")
        }
        if let credentials {
            lines.append("x-amz-content-sha256: \(job.submission.payloadHash)")
            if let token = credentials.sessionToken { lines.append("x-amz-security-token: \(token)") }
            ccurl_set_string(handle, CURLOPT_AWS_SIGV4, "aws:amz:\(configuration.region):s3")
            // Options of their own, since a key may have a colon.
            ccurl_set_string(handle, CURLOPT_USERNAME, credentials.accessKey)
            ccurl_set_string(handle, CURLOPT_PASSWORD, credentials.secretKey)
        }
        for line in lines { headers = ccurl_slist_append(headers, line) }
        ccurl_set_headers(handle, headers)
    }

    private func setBody(of request: S3Request) {
        switch request.body {
        case nil:
            if request.kind == .head {
                ccurl_set_long(handle, CURLOPT_NOBODY, 1)
            } else if request.method != "GET" {
                ccurl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method)
            }
        case .bytes(let bytes) where bytes.count <= RequestTransfer.largestCopied:
            var bytes = bytes
            let count = bytes.count
            // Without a byte there would be no address, and so no body.
            if bytes.isEmpty { bytes.append(0) }
            _ = bytes.withUnsafeBytes { ccurl_set_body(handle, $0.baseAddress, curl_off_t(count)) }
            ccurl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method)
        case .some(let body):
            let context = Unmanaged.passUnretained(self).toOpaque()
            ccurl_set_upload(
                handle, curl_off_t(body.count),
                { buffer, size, count, context in
                    Unmanaged<RequestTransfer>.fromOpaque(context).takeUnretainedValue()
                        .send(into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
                },
                { context, offset, origin in
                    guard let context, origin == SEEK_SET, offset >= 0 else { return CURL_SEEKFUNC_FAIL }
                    Unmanaged<RequestTransfer>.fromOpaque(context).takeUnretainedValue().sent = UInt64(offset)
                    return CURL_SEEKFUNC_OK
                }, context)
            if request.method != "PUT" { ccurl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method) }
        }
    }

    private func setCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_error_buffer(handle, errorBuffer)
        ccurl_set_writer(
            handle,
            { bytes, size, count, context in
                let transfer = Unmanaged<RequestTransfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
                    ? size * count : 0
            }, context)
        ccurl_set_header_function(
            handle,
            { _, size, count, context in
                // The empty line at the end.
                if size * count == 2 {
                    Unmanaged<RequestTransfer>.fromOpaque(context).takeUnretainedValue().socket
                        .map(ConnectionSockets.acknowledge)
                }
                return size * count
            }, context)
        sockets.observe(handle)
        ccurl_set_prerequest(
            handle,
            { context, _, _, _, localPort in
                let transfer = Unmanaged<RequestTransfer>.fromOpaque(context).takeUnretainedValue()
                transfer.socket = transfer.sockets.socket(localPort: localPort)
                return transfer.willSend() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
            }, context)
    }
}

// MARK: Callbacks

extension RequestTransfer {
    /// Counts the request, and returns false where it must not be sent.
    ///
    /// libcurl repeats a request where a connection that was used before ends without an answer. A conditional put may
    /// have had its effect then, and its repetition would fail by its own success, so that is left to the loop.
    private func willSend() -> Bool {
        guard let job, sendCount == 0 || !job.isDelicate else { return false }
        sendCount += 1
        mailbox.count(job.request.kind)
        return true
    }

    private func send(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        switch job?.request.body {
        case .bytes(let bytes):
            let start = Int(clamping: sent)
            let count = min(buffer.count, max(0, bytes.count - start))
            bytes.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[start..<start + count])) }
            sent += UInt64(count)
            return count
        case .file(let file, let range):
            let count = Int(
                clamping: min(UInt64(buffer.count), UInt64(range.count) - min(sent, UInt64(range.count))))
            do {
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                guard try file.fill(part, at: range.lowerBound + sent) == count else {
                    throw SystemError("read a file that became shorter", code: EIO)
                }
                sent += UInt64(count)
                return count
            } catch {
                failure = S3Error(
                    .localFailure,
                    "cannot write \(location.shown(job?.request.key ?? "")): \(error): look at the disk of this machine"
                )
                return Int(CURL_READFUNC_ABORT)
            }
        case nil: return 0
        }
    }

    /// Takes a part of the answer; false ends the transfer.
    private func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let job else { return false }
        let status = ccurl_response_code(handle)
        guard (200..<300).contains(status) else {
            // The rest of an endless error document is not worth the connection.
            guard body.count + bytes.count <= RequestTransfer.longestError else { return false }
            body += bytes
            return true
        }
        do {
            if let sink = job.request.sink {
                try checkRange()
                try sink((job.request.range?.lowerBound ?? 0) + job.delivered, bytes)
                job.delivered += UInt64(bytes.count)
            } else {
                if job.request.kind == .get { try checkRange() }
                let limit = max(
                    job.request.limit, job.request.kind.isChange ? RequestTransfer.longestError : 0)
                guard body.count + bytes.count <= limit else { throw tooLarge(limit) }
                body += bytes
            }
            return true
        } catch {
            failure = error
            return false
        }
    }

    private func tooLarge(_ limit: Int) -> S3Error {
        let shown = job?.request.key.map(location.shown) ?? "s3://\(location.bucket)"
        return S3Error(
            .tooLarge,
            "cannot \(job?.request.action ?? "read") \(shown): it has more than \(limit) bytes, which nothing of "
                + "that kind has, so look at who wrote it")
    }

    /// Checks once that the store sends the part that was asked for, of the version whose beginning is here.
    func checkRange() throws(S3Error) {
        guard !isChecked, let job else { return }
        isChecked = true
        let shown = location.shown(job.request.key ?? "")
        let version = header("ETag").flatMap { ETag($0) }
        if job.delivered > 0, version == nil || version != job.version {
            throw S3Error(
                .objectChanged,
                "cannot read \(shown) to its end: it was replaced meanwhile, so read it from the beginning")
        }
        job.version = version
        guard let wanted = job.missingRange, wanted.start > 0 || wanted.end != nil else { return }
        // A whole object is a part of it that begins at its first byte and reaches beyond its end.
        let isWhole = ccurl_response_code(handle) == 200 && wanted.start == 0
        let isEnough = UInt64(exactly: ccurl_content_length(handle)).map { $0 <= wanted.end ?? .max } ?? false
        guard contentRange?.start == wanted.start || isWhole && isEnough else {
            throw S3Error(
                .badAnswer,
                "cannot read a part of \(shown): the store sends another one, so it or a proxy before it is broken"
            )
        }
    }

    /// The first byte and the object's size in the header `Content-Range`, such as `bytes 10-19/100`.
    private var contentRange: (start: UInt64, size: UInt64?)? {
        guard ccurl_response_code(handle) == 206,
            let words = header("Content-Range")?.split(whereSeparator: { " -/".contains($0) }),
            words.count == 4, words[0].lowercased() == "bytes", let start = UInt64(words[1])
        else { return nil }
        return (start, UInt64(words[3]))
    }

    /// The attributes that the answer's headers tell.
    var attributes: ObjectAttributes {
        let length = UInt64(exactly: ccurl_content_length(handle))
        let isPart = ccurl_response_code(handle) == 206
        let modified = header("Last-Modified").map { ccurl_getdate($0, nil) }
        return ObjectAttributes(
            etag: header("ETag").flatMap { ETag($0) }, size: isPart ? contentRange?.size : length,
            modified: modified.flatMap { $0 < 0 ? nil : Int($0) },
            metadata: job?.request.metadata.flatMap { header(ObjectMetadata.header($0)) })
    }
}
