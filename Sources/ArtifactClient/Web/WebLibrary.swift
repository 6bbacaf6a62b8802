// SPDX-License-Identifier: Apache-2.0

import S3

/// libcurl, as pulls use it.
package enum WebLibrary {
    /// Loads libcurl, unless that is done. A process that is about to give up access to it calls this before.
    ///
    /// - Throws: `ClientError` with `unreachable` where it cannot be loaded.
    package static func load() throws(ClientError) {
        if let obstacle = CurlLibrary.load() { throw ClientError(.unreachable, "cannot pull: \(obstacle)") }
    }
}
