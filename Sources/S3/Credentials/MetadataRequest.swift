// SPDX-License-Identifier: Apache-2.0

import CCurl
import Glibc

/// A small request to a server of this machine that hands out credentials, through no proxy and without redirections.
enum MetadataRequest {
    /// The answer of such a server.
    struct Answer {
        let status: Int
        let body: [UInt8]
    }

    private final class Body {
        var bytes: [UInt8] = []
        static let longest = 1 << 16
    }

    /// Sends a request and waits for the answer, a second for the connection and five in all.
    ///
    /// - Parameters:
    ///   - attempts: the number of attempts where no answer comes or one of status 500 or above.
    ///   - purpose: the thing that is asked for, for messages.
    /// - Throws: `S3Error` with `unreachable` where no answer comes.
    static func send(
        _ method: String, _ url: String, headers: [String], attempts: Int = 1, purpose: String
    ) throws(S3Error) -> Answer {
        for attempt in 1...max(1, attempts) {
            let answer: Answer
            do {
                answer = try sendOnce(method, url, headers, purpose)
            } catch {
                guard attempt < attempts else { throw error }
                usleep(100_000 << UInt32(attempt))
                continue
            }
            if answer.status < 500 || attempt == attempts { return answer }
            usleep(100_000 << UInt32(attempt))
        }
        throw S3Error(.unreachable, "cannot get \(purpose): no attempt was made")
    }

    private static func sendOnce(
        _ method: String, _ url: String, _ headers: [String], _ purpose: String
    ) throws(S3Error) -> Answer {
        if let obstacle = CurlLibrary.load() {
            throw S3Error(.unreachable, "cannot get \(purpose): \(obstacle)")
        }
        guard let handle = ccurl_easy_init() else {
            throw S3Error(.unreachable, "cannot get \(purpose): libcurl has no memory left")
        }
        var list: UnsafeMutablePointer<curl_slist>?
        for header in headers { list = ccurl_slist_append(list, header) }
        let body = Body()
        defer {
            ccurl_easy_cleanup(handle)
            ccurl_slist_free_all(list)
        }
        let strings = [
            (CURLOPT_URL, url), (CURLOPT_CUSTOMREQUEST, method), (CURLOPT_NOPROXY, "*"),
            (CURLOPT_PROTOCOLS_STR, "http,https"),
        ]
        for (option, value) in strings { ccurl_set_string(handle, option, value) }
        for (option, value) in [
            (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_CONNECTTIMEOUT_MS, 1000),
            (CURLOPT_TIMEOUT_MS, 5000),
        ] { ccurl_set_long(handle, option, value) }
        ccurl_set_headers(handle, list)
        ccurl_set_writer(
            handle,
            { bytes, size, count, context in
                let body = Unmanaged<Body>.fromOpaque(context).takeUnretainedValue()
                guard body.bytes.count + size * count <= Body.longest else { return 0 }
                body.bytes += UnsafeRawBufferPointer(start: bytes, count: size * count)
                return size * count
            }, Unmanaged.passUnretained(body).toOpaque())
        let code = withExtendedLifetime(body) { ccurl_easy_perform(handle) }
        guard code == CURLE_OK else {
            throw S3Error(
                .unreachable,
                "cannot get \(purpose): \(String(cString: ccurl_easy_strerror(code))): look at the network and at the "
                    + "variables that name the server")
        }
        return Answer(status: ccurl_response_code(handle), body: body.bytes)
    }
}
