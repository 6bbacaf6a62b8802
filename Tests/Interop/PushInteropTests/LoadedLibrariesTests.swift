// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The libraries that programs load, which with libostree and libcurl takes longer than all else that they do at first.
@Suite struct LoadedLibrariesTests {
    @Test func `A push and its receiver load neither libostree nor libcurl`() throws {
        let stage = try Stage.withArtifacts()
        let place = try stage.directory.makeDirectory("loaded")
        let loader = ["LD_DEBUG": "files", "LD_DEBUG_OUTPUT": "\(place)/log"]
        expectSuccess(try stage.push([stage.ref], receiver: [], environment: loader))
        let logs = try FileManager.default.contentsOfDirectory(atPath: place)
        // The client and the receiver at least.
        #expect(logs.count >= 2)
        var loaded: Set<Substring> = []
        for log in logs {
            let lines = try String(contentsOfFile: "\(place)/\(log)", encoding: .utf8).split(separator: "\n")
            for line in lines where line.contains("calling init: ") {
                loaded.insert(line.split(separator: "/").last ?? "")
            }
        }
        #expect(loaded.contains { $0.hasPrefix("libglib-2.0.so") }, "\(loaded)")
        #expect(!loaded.contains { $0.hasPrefix("libostree") || $0.hasPrefix("libcurl") }, "\(loaded)")
    }
}
