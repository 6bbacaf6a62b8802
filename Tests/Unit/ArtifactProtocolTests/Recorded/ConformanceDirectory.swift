// SPDX-License-Identifier: Apache-2.0

import Foundation

/// `Tests/Fixtures/conformance`: the recorded bytes of existing peers.
enum ConformanceDirectory {
    static let url = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("Fixtures/conformance", isDirectory: true)

    static func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: url.appendingPathComponent(path)))
    }
}
