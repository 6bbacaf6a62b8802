// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A whole file as text; bytes that are not UTF-8 are replaced.
public func text(ofFile path: String) throws -> String {
    guard let contents = FileManager.default.contents(atPath: path) else {
        throw TestSupportError("cannot read \(path)")
    }
    return String(decoding: contents, as: UTF8.self)
}
