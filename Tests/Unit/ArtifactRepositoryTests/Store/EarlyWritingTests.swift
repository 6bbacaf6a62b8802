// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls
import Testing

@testable import ArtifactRepository

@Suite struct EarlyWritingTests {
    /// A descriptor that nothing can be synced through.
    private let unusable = Descriptor(-1, owned: false)

    @Test func `A failure to write is told at the end`() throws {
        let writing = EarlyWriting(unusable)
        for _ in 0..<3 { writing.note(bytes: 5 << 20) }
        let error = #expect(throws: SystemError.self) { try writing.finish() }
        #expect(error?.code == EBADF)
    }

    @Test func `Little is not written before the end`() throws {
        let writing = EarlyWriting(unusable)
        writing.note(bytes: 1 << 20)
        writing.note(bytes: nil)
        try writing.finish()
    }

    @Test func `Many small files count as much as few large ones`() throws {
        let writing = EarlyWriting(unusable)
        for _ in 0..<2048 { writing.note(bytes: 1) }
        #expect(throws: SystemError.self) { try writing.finish() }
    }
}
