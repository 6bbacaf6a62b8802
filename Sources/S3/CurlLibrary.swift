// SPDX-License-Identifier: Apache-2.0

import CCurl

/// libcurl, which is loaded when something first needs it: pushes through ssh, and what is done on this machine, do not.
package enum CurlLibrary {
    private static let obstacle = ccurl_load().map { String(cString: $0) }

    /// Loads and initialises libcurl, unless that is done, before it is first used.
    ///
    /// - Returns: the end of a sentence that says why it cannot be used; nil where it can.
    package static func load() -> String? {
        obstacle.map { "libcurl cannot be loaded: \($0), so install it, on Debian the package libcurl4" }
    }
}
