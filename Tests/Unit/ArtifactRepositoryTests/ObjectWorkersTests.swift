// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import TestSupport
import Testing

@testable import ArtifactRepository

/// Files that wait for the threads that store them.
@Suite struct ObjectWorkersTests {
    @Test func `Files that are stored leave memory, also where the threads never catch up`() throws {
        let directory = try TemporaryDirectory()
        let place = QuarantinePlace(
            type: .file,
            directory: try Directory(try directory.makeDirectory("objects")), newDirectories: nil,
            incoming: try Directory(try directory.makeDirectory("incoming")), mode: .archive, fileMode: 0o644)
        let limit = 128 * 1024
        let workers = try ObjectWorkers(count: 1, byteLimit: limit)
        var jobs: [Weak] = []
        var lightest = Int.max
        let objects = (0..<1000).map { ArchivedFile(content: Array("file \($0)".utf8)).object() }
        for (number, object) in objects.enumerated() {
            let piece = FileJob.Piece(bytes: object.bytes, isLast: true)
            let job = FileJob(object.name, place, Fragment(object.checksum, total: nil, number: number))
            lightest = min(lightest, piece.weight)
            jobs.append(Weak(job: job))
            try workers.submit(piece, of: job, isOnly: true)
        }
        // Those that wait, as many that are done and not swept yet, and two handfuls that are gathered or in work.
        let most = 2 * limit / lightest + 64
        #expect(jobs.count { $0.job != nil } <= most)
        let verdicts = workers.takeVerdicts(waiting: true)
        #expect(verdicts.count == jobs.count && verdicts.allSatisfy { $0.failure == nil })
    }

    private struct Weak {
        weak var job: FileJob?
    }
}
