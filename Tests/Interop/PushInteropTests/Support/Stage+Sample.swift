// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension Stage {
    /// The refs of ``expectSampleArrives(_:by:)``.
    static let sampleRefs = ["a/b/strong", "a/b/weak"]

    /// Commits a tree with a bit of everything, pushes its refs, and expects all of it to arrive.
    ///
    /// - Parameters:
    ///   - options: Options of `ostree commit`.
    ///   - push: Pushes ``sampleRefs``.
    func expectSampleArrives(_ options: [String] = [], by push: () throws -> ProcessResult) throws {
        let tree = try SampleTree(at: tree)
        let commit = try OSTreeCommand.commit(mine, tree: tree.path, refs: Stage.sampleRefs, options: options)
        expectSuccess(try push())
        try expectArrived(Stage.sampleRefs, at: commit)
        #expect(try Reader.objects(cache) == Reader.objects(mine))
    }
}
