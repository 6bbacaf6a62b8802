// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import SystemCalls
import Testing

/// Publications that find what they need before they have the locks.
@Suite struct EarlyCheckTests {
    private let scratch: TemporaryDirectory
    private let repository: Repository
    private let first = SampleArtifact("first", files: 0...3)
    private let second = SampleArtifact("second", files: 2...5)

    init() throws {
        scratch = try TemporaryDirectory()
        repository = try scratch.repository(.archive)
        try repository.push(first, as: "first", usedBefore: 0)
    }

    /// Publishes the second artifact, but for the files that the first one has; `change` is called when everything was found and
    /// the publication waits for the lock.
    private func publish(whileWaiting change: () throws -> Void) throws {
        let heads = try Directory("\(repository.path)/refs/heads")
        try #require(flock(heads.descriptor.number, LOCK_EX) == 0)
        let purpose = QuarantinePurpose.transient
        let (path, second, there) = (repository.path, second, Set(first.objects.map(\.name)))
        let outcome = Monitor<Result<Void, any Error>?>(nil)
        let publisher = try SystemCalls.Thread {
            let result = Result {
                let quarantine = try Repository(path).makeQuarantine(purpose)
                for object in second.objects where !there.contains(object.name) {
                    try quarantine.take(object)
                }
                _ = try quarantine.publish(
                    [RefEdit(.named("second"), from: .any, to: second.checksum)], moves: .forward,
                    merging: .keepsStored)
            }
            outcome.withLock { $0 = result }
        }
        let inode = try heads.descriptor.status().st_ino
        while try !isAwaited(inode), outcome.withLock({ $0 == nil }) { usleep(1000) }
        try change()
        try #require(flock(heads.descriptor.number, LOCK_UN) == 0)
        publisher.join()
        try outcome.withLock { try $0?.get() }
    }

    /// Returns true if a process waits for a lock of a file.
    private func isAwaited(_ inode: ino_t) throws -> Bool {
        try String(contentsOfFile: "/proc/locks", encoding: .utf8).split(separator: "\n").contains {
            $0.contains("->") && $0.contains(":\(inode) ")
        }
    }

    /// Forgets the marks, as after a change by another program, long enough ago for the clock to have moved on.
    private func forgetMarks() throws {
        try FileManager.default.removeItem(atPath: "\(repository.path)/state/bst-artifact-complete")
    }

    @Test(arguments: [true, false])
    func `What goes while a publication waits for the lock is missed`(isRecorded: Bool) throws {
        if !isRecorded { try forgetMarks() }
        let error = #expect(throws: RepositoryError.self) {
            try publish { try repository.lose(first.files[2], secretly: false) }
        }
        #expect(error?.code == .missingObject)
        #expect(try repository.commit(of: .named("second")) == nil)
    }

    @Test(arguments: [true, false])
    func `What was found before the lock is not looked for again`(isRecorded: Bool) throws {
        if !isRecorded { try forgetMarks() }
        try publish { try repository.lose(first.files[2], secretly: true) }
        #expect(try repository.commit(of: .named("second")) == second.checksum)
    }

    @Test func `What another publication brings meanwhile is no obstacle`() throws {
        let third = SampleArtifact("third", files: 4...7)
        try publish {
            // As another program does, which does not know the lock.
            let other = try scratch.repository(.archive, "other")
            try other.push(third, as: "third", usedBefore: 0)
            try repository.ostree("pull-local", other.path, "third")
        }
        #expect(try repository.commit(of: .named("second")) == second.checksum)
        #expect(try repository.commit(of: .named("third")) == third.checksum)
        try repository.ostree("fsck")
    }
}
