// SPDX-License-Identifier: Apache-2.0

import CCurl

/// One transfer of libcurl, which serves one request after another.
final class WebTransfer {
    let handle: UnsafeMutableRawPointer
    private let errorBuffer = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let certificate: (file: String?, key: String?)
    private let netrc: String?
    private var secretsAreSent = false
    private var take: ((UnsafeRawBufferPointer) throws -> Void)?

    /// What is being fetched.
    private(set) var request: WebRequest?
    /// Which attempt this is, from 1.
    private(set) var attempt = 0
    /// Which of the mirrors is asked.
    private(set) var mirror = 0
    /// How many mirrors did not have it.
    private(set) var absences = 0
    /// How many bytes were taken, also by an attempt that this one continues.
    private(set) var taken: Int64 = 0
    /// Whether this attempt goes on where the one before broke off.
    private(set) var isContinuing = false
    /// How often the remote sent us elsewhere.
    private(set) var redirects = 0
    /// What `request.begin` or its taker threw.
    private(set) var failure: (any Error)?

    init(_ options: WebOptions) throws {
        _ = WebTransfer.library
        guard let handle = curl_easy_init() else {
            throw ClientError(.unreachable, "cannot pull: libcurl cannot be initialised")
        }
        self.handle = handle
        certificate = (options.clientCertificate, options.clientKey)
        netrc = options.netrc
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        for header in options.headers { headers = curl_slist_append(headers, header) }
        let strings: [(CURLoption, String?)] = [
            (CURLOPT_USERAGENT, "bst-artifact"),
            (CURLOPT_PROTOCOLS_STR, "http,https,file"),
            (CURLOPT_CAINFO, options.authorities),
        ]
        for case (let option, let value?) in strings { ccurl_set_string(handle, option, value) }
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_NOSIGNAL, 1),
            // Bodies of errors are not content.
            (CURLOPT_FAILONERROR, 1),
            // Redirections are followed by WebClient, which knows what they may cost.
            (CURLOPT_FOLLOWLOCATION, 0),
            (CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS),
            (CURLOPT_PIPEWAIT, 1),
            (CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2),
            (CURLOPT_CONNECTTIMEOUT, 10),
            (CURLOPT_LOW_SPEED_LIMIT, 1),
            (CURLOPT_LOW_SPEED_TIME, options.patience), (CURLOPT_TIMEOUT, options.timeLimit ?? 0),
            (CURLOPT_BUFFERSIZE, 128 * 1024),
        ]
        for (option, value) in numbers { ccurl_set_long(handle, option, value) }
        ccurl_set_error_buffer(handle, errorBuffer)
        ccurl_set_writer(
            handle,
            { bytes, size, count, context in
                let transfer = Unmanaged<WebTransfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
        errorBuffer.deallocate()
    }

    // Initialised once, before the first transfer.
    private static let library = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    /// Prepares to fetch `request` from `url`.
    ///
    /// - Parameters:
    ///   - mirror: which mirror is asked, and how many others did not have it.
    ///   - isOwnOrigin: whether that is at the remote itself, which alone gets its headers and our certificate.
    ///   - continuing: whether to go on behind what was taken already.
    func prepare(
        _ request: WebRequest, url: String, attempt: Int, mirror: (number: Int, absences: Int),
        redirects: Int = 0,
        isOwnOrigin: Bool, continuing: Bool = false
    ) {
        self.request = request
        self.attempt = attempt
        (self.mirror, absences) = mirror
        self.redirects = redirects
        isContinuing = continuing
        if !continuing { (take, taken) = (nil, 0) }
        failure = nil
        errorBuffer[0] = 0
        ccurl_set_resumption(handle, continuing ? Int(taken) : 0)
        ccurl_set_string(handle, CURLOPT_URL, url)
        setSecrets(areSent: isOwnOrigin)
    }

    /// Lets the next requests carry the remote's headers and our certificate, or not.
    private func setSecrets(areSent: Bool) {
        guard areSent != secretsAreSent else { return }
        secretsAreSent = areSent
        ccurl_set_headers(handle, areSent ? headers : nil)
        ccurl_set_string(handle, CURLOPT_SSLCERT, areSent ? certificate.file : nil)
        ccurl_set_string(handle, CURLOPT_SSLKEY, areSent ? certificate.key : nil)
        ccurl_set_string(handle, CURLOPT_NETRC_FILE, areSent ? netrc : nil)
        // A user in the URL comes first.
        ccurl_set_long(
            handle, CURLOPT_NETRC,
            Int((areSent && netrc != nil ? CURL_NETRC_OPTIONAL : CURL_NETRC_IGNORED).rawValue))
    }

    /// Begins to take bytes, where that has not happened yet.
    ///
    /// - Throws: what `request.begin` throws.
    func beginIfNeeded() throws {
        if take == nil { take = try request?.begin() }
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        let code = ccurl_response_code(handle)
        // 0 is what a file has. The text of a redirection is not content.
        guard code == 200 || code == 0 || code == 206 && isContinuing else { return bytes.count }
        do {
            try beginIfNeeded()
            try take?(bytes)
            taken += Int64(bytes.count)
            return bytes.count
        } catch {
            failure = error
            return 0
        }
    }

    /// What libcurl says about a failure.
    func reason(_ code: CURLcode) -> String {
        errorBuffer[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorBuffer)
    }

    /// Lets go of the request.
    func release() {
        (request, take, failure) = (nil, nil, nil)
    }
}
