// SPDX-License-Identifier: Apache-2.0

import CCurl

/// The global state of libcurl.
enum CurlLibrary {
    /// Initialises libcurl, once.
    static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}
