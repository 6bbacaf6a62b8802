// SPDX-License-Identifier: Apache-2.0

import CCurl
import Glibc
import S3

/// A handle of libcurl, which is reused from one attempt to the next.
final class WebTransfer {
    let handle: UnsafeMutableRawPointer
    private let errorBuffer = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let certificate: (file: String?, key: String?)
    private let netrc: String?
    private let ownHeaders: [String]
    private let signing: RequestSigning?
    /// The credentials that the attempt is signed with.
    private(set) var credentials: Credentials?
    private var isSigned = false
    /// The beginning of the body of an error, by which a store says what is wrong.
    private var errorBody: [UInt8] = []
    private static let errorLimit = 64 * 1024
    private var secretsAreSent = false

    /// The attempt under way; nil while the handle is idle.
    private(set) var attempt: WebAttempt?
    /// The bytes received, including a fragment, and those of an attempt that this one continues.
    private(set) var received: UInt64 = 0
    private(set) var failure: (any Error)?
    private var hasBegun = false
    /// The number of bytes that this attempt does not ask for.
    private var start: UInt64 = 0
    /// The size of the whole file; nil where no server has said it.
    private var totalSize: UInt64?
    private var isChecked = false
    private var startTime = ContinuousClock.now
    /// The mirror that all bytes so far came from; nil where a fragment or several mirrors had a part in them.
    private(set) var source: Int?

    /// Creates an idle transfer.
    ///
    /// - Parameter sockets: notes the connections that requests open.
    init(_ options: WebOptions, _ sockets: ConnectionSockets) throws {
        guard let handle = ccurl_easy_init() else {
            throw ClientError(.unreachable, "cannot pull: libcurl has no memory left")
        }
        self.handle = handle
        certificate = (options.clientCertificate, options.clientKey)
        netrc = options.netrc
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        signing = options.signing
        ownHeaders = options.headers
        for header in options.headers { headers = ccurl_slist_append(headers, header) }
        let strings: [(CURLoption, String?)] = [
            (CURLOPT_USERAGENT, "bst-artifact"),
            (CURLOPT_PROTOCOLS_STR, "http,https,file"),
            (CURLOPT_CAINFO, options.signing?.authorities ?? options.authorities),
            (CURLOPT_PROXY, options.proxy),
            (CURLOPT_NOPROXY, options.isDirect ? "*" : nil),
        ]
        for case (let option, let value?) in strings { ccurl_set_string(handle, option, value) }
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_NOSIGNAL, 1),
            // WebClient follows redirections, since it decides where secrets go.
            (CURLOPT_FOLLOWLOCATION, 0),
            (CURLOPT_HTTP_VERSION, options.allowsHTTP2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1),
            (CURLOPT_PIPEWAIT, 1),
            (CURLOPT_SSL_VERIFYPEER, options.isPermissive ? 0 : 1),
            (CURLOPT_SSL_VERIFYHOST, options.isPermissive ? 0 : 2),
            (CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2),
            (CURLOPT_CONNECTTIMEOUT, 10),
            (CURLOPT_LOW_SPEED_LIMIT, 1),
            (CURLOPT_LOW_SPEED_TIME, max(1, Int(options.timeout / .seconds(1)))),
            (CURLOPT_TIMEOUT_MS, options.timeLimit.map { Int($0 / .milliseconds(1)) } ?? 0),
            (CURLOPT_BUFFERSIZE, 128 * 1024),
        ]
        for (option, value) in numbers { ccurl_set_long(handle, option, value) }
        ccurl_set_error_buffer(handle, errorBuffer)
        sockets.observe(handle)
        ccurl_set_writer(
            handle,
            { bytes, size, count, context in
                let transfer = Unmanaged<WebTransfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        ccurl_easy_cleanup(handle)
        ccurl_slist_free_all(headers)
        errorBuffer.deallocate()
    }

    /// Prepares an attempt.
    ///
    /// - Parameters:
    ///   - isOwnOrigin: true if `url` is at the remote itself, which alone gets its headers and our certificate.
    func prepare(_ attempt: WebAttempt, url: String, isOwnOrigin: Bool) {
        self.attempt = attempt
        if !attempt.isContinuing {
            (hasBegun, totalSize) = (false, nil)
            received = attempt.startsOver ? 0 : attempt.request.fragmentSize
        }
        (start, isChecked, failure) = (received, false, nil)
        source = start == 0 || attempt.isContinuing && source == attempt.mirror ? attempt.mirror : nil
        errorBuffer[0] = 0
        errorBody = []
        ccurl_set_resumption(handle, Int(start))
        // Bodies of errors are not content. That of a store is read, but libcurl takes it for one that cannot be continued.
        ccurl_set_long(handle, CURLOPT_FAILONERROR, signing == nil || isRange ? 1 : 0)
        if let body = attempt.request.body {
            _ = body.withUnsafeBytes { ccurl_set_body(handle, $0.baseAddress, $0.count) }
        } else {
            ccurl_set_body(handle, nil, 0)
        }
        ccurl_set_string(handle, CURLOPT_URL, url)
        setSecrets(areSent: isOwnOrigin)
    }

    /// Adds or removes the remote's headers, our certificate and credentials.
    private func setSecrets(areSent: Bool) {
        guard areSent != secretsAreSent else { return }
        secretsAreSent = areSent
        ccurl_set_headers(handle, areSent ? headers : nil)
        ccurl_set_string(handle, CURLOPT_SSLCERT, areSent ? certificate.file : nil)
        ccurl_set_string(handle, CURLOPT_SSLKEY, areSent ? certificate.key : nil)
        ccurl_set_string(handle, CURLOPT_NETRC_FILE, areSent ? netrc : nil)
        if let signing {
            ccurl_set_string(handle, CURLOPT_AWS_SIGV4, areSent ? signing.kind : nil)
            ccurl_set_string(handle, CURLOPT_USERNAME, nil)
            ccurl_set_string(handle, CURLOPT_PASSWORD, nil)
            isSigned = false
        }
        // A user in the URL comes first.
        ccurl_set_long(
            handle, CURLOPT_NETRC,
            Int((areSent && netrc != nil ? CURL_NETRC_OPTIONAL : CURL_NETRC_IGNORED).rawValue))
    }

    /// Signs the attempt, if it goes to the store itself, with credentials that are valid now.
    ///
    /// - Throws: `S3Error` where there are none.
    func sign() throws {
        guard let signing, secretsAreSent else { return }
        let current = try signing.credentials.current()
        guard !isSigned || current != credentials else { return }
        (credentials, isSigned) = (current, true)
        let previous = headers
        headers = nil
        for header in ownHeaders + signing.headers(for: current) {
            headers = ccurl_slist_append(headers, header)
        }
        ccurl_set_headers(handle, headers)
        ccurl_slist_free_all(previous)
        ccurl_set_string(handle, CURLOPT_USERNAME, current?.accessKey ?? "")
        ccurl_set_string(handle, CURLOPT_PASSWORD, current?.secretKey ?? "")
    }

    /// Indicates that the store does not take the credentials any more, as far as is known: an answer to a request for the rest of
    /// a file gives no reason.
    var hasEndedCredentials: Bool {
        guard isSigned, [400, 401, 403].contains(ccurl_response_code(handle)) else { return false }
        return isRange ? credentials?.expiry != nil : ErrorDocument(errorBody).isExpiry
    }

    /// Indicates that the end of the credentials has come since the attempt was signed, as where it waited for a connection, by a
    /// clock that may differ from the store's.
    var areCredentialsOutdated: Bool {
        credentials?.expiry.map { $0 <= time(nil) + WebTransfer.clockDifference } ?? false
    }

    private static let clockDifference = 5

    /// Begins to measure the time of the attempt, which may have been delayed.
    func startClock() { startTime = .now }

    /// The time since the attempt began.
    var elapsed: Duration { startTime.duration(to: .now) }

    /// The number of bytes that this attempt has received.
    var size: UInt64 { received - start }

    /// The time that the rest is expected to take, and its size in bytes; nil where nothing can be expected yet.
    ///
    /// Without a byte of the body, that is as long as it took so far.
    var expectation: (time: Duration, bytes: UInt64)? {
        let elapsed = elapsed
        guard size > 0 else { return (elapsed, 0) }
        guard let totalSize, totalSize > received, elapsed > .seconds(1) else { return nil }
        let rest = totalSize - received
        return (elapsed * (Double(rest) / Double(size)), rest)
    }

    /// Indicates that not all of a file is asked for.
    var isRange: Bool { start > 0 }

    /// The error for a response that does not continue what is here.
    struct UnsuitableRange: Error {}

    /// Prepares the request for the body, once.
    ///
    /// - Throws: `UnsuitableRange` where it is another part than was asked for, or one of another file.
    func beginIfNeeded() throws {
        guard !isChecked else { return }
        isChecked = true
        let code = ccurl_response_code(handle)
        if code == 200, isRange { throw UnsuitableRange() }
        var size = UInt64(exactly: ccurl_content_length(handle)).map { $0 &+ start }
        if code == 206 {
            guard let range = ContentRange(ccurl_header(handle, "Content-Range").map { String(cString: $0) }),
                range.start == start
            else { throw UnsuitableRange() }
            size = range.size
        }
        if hasBegun, let known = totalSize, let size, size != known { throw UnsuitableRange() }
        totalSize = size ?? totalSize
        guard !hasBegun else { return }
        try attempt?.request.begin(
            WebBody(
                offset: start, size: size, givesObjects: hasFlag("Artifact-Objects"),
                hasDeltas: hasFlag("Artifact-Deltas")))
        hasBegun = true
    }

    /// Returns true if the response has a header with the value 1.
    private func hasFlag(_ header: String) -> Bool {
        ccurl_header(handle, header).map { String(cString: $0) } == "1"
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        let code = ccurl_response_code(handle)
        // 0 is the code of a file. The body of a redirection is not content.
        guard let attempt, code == 200 || code == 0 || code == 206 && isRange else {
            if code >= 400, errorBody.count + bytes.count <= WebTransfer.errorLimit { errorBody += bytes }
            return bytes.count
        }
        do {
            try beginIfNeeded()
            try attempt.request.receive(bytes)
            received += UInt64(bytes.count)
            return bytes.count
        } catch {
            failure = error
            return 0
        }
    }

    func reason(_ code: CURLcode) -> String {
        errorBuffer[0] == 0 ? String(cString: ccurl_easy_strerror(code)) : String(cString: errorBuffer)
    }

    /// Drops the attempt and its request.
    func release() {
        (attempt, failure) = (nil, nil)
    }
}
