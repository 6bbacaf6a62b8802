// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The environment variables of this process.
package enum Environment {
    /// All variables.
    package static var all: [String: String] {
        var result: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return result
    }

    /// The value of a variable; nil if it is not set.
    package static subscript(name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
