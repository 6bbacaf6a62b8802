// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Expects that a program did its work.
func expectSuccess(_ result: ProcessResult, _ location: SourceLocation = #_sourceLocation) {
    #expect(
        result.succeeded, "\(result.status)\n\(result.errorText)\(result.text)", sourceLocation: location)
}

/// Expects that a ref of the cache is where it was pushed to, and that the cache is sound.
func expectArrived(
    _ refs: [String], at commit: String, in cache: String, _ location: SourceLocation = #_sourceLocation
) throws {
    for ref in refs {
        let found = try? OSTreeCommand.revParse(cache, ref)
        #expect(found == commit, "\(ref) in \(cache)", sourceLocation: location)
    }
    #expect(throws: Never.self, sourceLocation: location) { try OSTreeCommand.fsck(cache) }
    let leftovers = try Reader.leftovers(cache)
    #expect(leftovers.isEmpty, sourceLocation: location)
}

/// Runs something that must fail with a status (1 stands for all that say of a failure; which one it is, ExitStatusTests
/// looks at) and words on standard error, and leave repositories as they were.
///
/// - Returns: how it ended.
@discardableResult
func expectFailure(
    _ words: String..., status: Int32? = nil, unchanged repositories: [String],
    _ location: SourceLocation = #_sourceLocation, _ body: () throws -> ProcessResult
) throws -> ProcessResult {
    let before = try repositories.map(Reader.snapshot)
    let result = try body()
    let told = "\(result.status)\n\(result.errorText)\(result.text)"
    if status == 1 {
        #expect(result.failed, "\(told)", sourceLocation: location)
    } else if let status {
        #expect(result.status == .exited(status), "\(told)", sourceLocation: location)
    } else {
        #expect(!result.succeeded, "\(told)", sourceLocation: location)
        #expect(!"\(result.status)".hasPrefix("signal"), "\(told)", sourceLocation: location)
    }
    for word in words {
        #expect(result.errorText.contains(word), "\(told)", sourceLocation: location)
    }
    for (repository, before) in zip(repositories, before) {
        let differences = try Reader.snapshot(repository).differences(from: before)
        #expect(differences.isEmpty, "\(repository)", sourceLocation: location)
        let garbage = try Reader.garbage(repository)
        #expect(garbage.isEmpty, "\(repository)/tmp", sourceLocation: location)
    }
    return result
}
