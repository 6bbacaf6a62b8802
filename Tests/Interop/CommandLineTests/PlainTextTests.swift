// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// BuildStream's clients decode what a receiver says as `unicode_escape`, so that everything but ASCII arrives garbled.
@Suite struct PlainTextTests {
    /// Only a browser sees what this holds.
    private static let page = "ArtifactServer/Page/"

    @Test func `What the programs can say is written in ASCII`() throws {
        let sources = "\(Programs.repositoryRoot)/Sources"
        let files = try FileManager.default.subpathsOfDirectory(atPath: sources)
            .filter { $0.hasSuffix(".swift") && !$0.hasPrefix(Self.page) }
        #expect(files.count > 100)
        for file in files {
            let text = try String(contentsOfFile: "\(sources)/\(file)", encoding: .utf8)
            for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            where !line.drop(while: { $0 == " " }).hasPrefix("//") {
                #expect(line.utf8.allSatisfy { $0 < 128 }, "\(file), line \(number + 1): \(line)")
            }
        }
    }
}
