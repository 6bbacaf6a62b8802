// SPDX-License-Identifier: Apache-2.0

import Foundation

/// `Tests/Fixtures/conformance`: what existing peers say, as recorded from them.
enum ConformanceFolder {
    static let url = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("Fixtures/conformance", isDirectory: true)

    static func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: url.appendingPathComponent(path)))
    }
}
