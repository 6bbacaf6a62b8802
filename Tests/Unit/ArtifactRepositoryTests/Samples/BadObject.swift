// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Testing

/// A damaged or malicious object.
struct BadObject: Sendable {
    var description: String
    var object: SampleObject

    init(_ description: String, _ object: SampleObject) {
        self.description = description
        self.object = object
    }

    /// True if nothing but the checksum is wrong.
    private var isMisnamed: Bool {
        ["wrong checksum", "changed", "another name"].contains { description.contains($0) }
    }

    /// Expects that a store refuses each object as soon as it can, in whatever pieces it comes, and keeps nothing of it.
    static func expectRefusal(
        of objects: [BadObject], by mode: RepositoryMode, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(mode)
        let before = try repository.visibleFiles()
        let quarantine = try repository.makeQuarantine(.transient)
        for bad in objects {
            for pieces in [Int.max, 1000, 1] {
                let comment = Comment(rawValue: "\(bad.description), in pieces of \(pieces)")
                let error = #expect(throws: RepositoryError.self, comment, sourceLocation: sourceLocation) {
                    try quarantine.take(bad.object, pieces: pieces)
                }
                guard let error else { continue }
                #expect(error.code == .badObject, comment, sourceLocation: sourceLocation)
                let reason = error.description
                let isNamed = reason.contains(bad.object.name.fileName)
                #expect(isNamed, "\(comment): \(reason)", sourceLocation: sourceLocation)
                let isMisnamed = reason.contains("its content has the checksum")
                #expect(isMisnamed == bad.isMisnamed, "\(comment): \(reason)", sourceLocation: sourceLocation)
                #expect(try !quarantine.contains(bad.object.name), comment, sourceLocation: sourceLocation)
            }
        }
        #expect(try repository.visibleFiles() == before, sourceLocation: sourceLocation)
        quarantine.discard()
        #expect(try repository.quarantines().isEmpty, sourceLocation: sourceLocation)
    }
}
