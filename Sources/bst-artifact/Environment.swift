// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// The process's surroundings.
enum Environment {
    /// The environment's variables.
    static var all: [String: String] {
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

    /// Makes the folders that lead to `path`, which is absolute, but not the last one.
    static func makeFolders(_ path: String) throws(SystemError) {
        for (index, character) in zip(path.indices, path) where character == "/" && index > path.startIndex {
            let folder = String(path[..<index])
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
                throw SystemError("make directory \(folder)")
            }
        }
    }
}
