// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactReceiver
import ArtifactRepository
import Glibc
import SystemCalls
import TestSupport

/// One push with one fault, and the check of its effects.
struct FaultRun {
    let shape: PushShape
    let fileSystem: FileSystemKind
    /// A directory of its own, which it leaves behind.
    let place: String

    private var cache: String { "\(place)/cache" }

    /// Counts the calls of a push of this shape that change the repository.
    func countCalls() throws -> Int {
        try prepare()
        let injector = try receive(.kill, at: .max).injector
        return injector.calls
    }

    /// Makes the push with a fault at one of its calls.
    ///
    /// - Returns: the promises that were broken, a sentence each.
    func run(_ fault: Fault, at point: Int) throws -> [String] {
        try prepare()
        let outcome = try receive(fault, at: point)
        outcome.injector.strike()
        if fault.needsRestart { try restart() }
        var faults: [String] = []
        func expect(_ isTrue: Bool, _ words: @autoclosure () -> String) {
            if !isTrue { faults.append(words()) }
        }
        // As readers find it, before anybody repaired anything.
        expect(isSound(), "ostree fsck finds faults right after")
        let first = try positions()
        expect(first.allSatisfy { $0 != .elsewhere }, "a ref is neither at its old nor at its new commit")
        if outcome.isAcknowledged {
            expect(
                first.allSatisfy { $0 == .new }, "an acknowledged ref is not where it was acknowledged to be")
        }
        // Detached metadata that was added before the failure stays: adding it again does no harm.
        if case .failure = fault, !outcome.succeeded, shape.metadata == nil {
            expect(first.allSatisfy { $0 == .old }, "a push that failed has moved refs")
        }
        // As the next receiver finds it.
        let repository = try Repository(cache)
        try repository.recover()
        let second = try positions()
        expect(Set(second).count == 1, "some refs moved and others did not")
        if outcome.isAcknowledged { expect(second.allSatisfy { $0 == .new }, "recovery undid a push") }
        // The push is made again. What moved already is a stale expectation then, except where it is there already.
        FaultInjector.installed = nil
        let repeated = try serve()
        expect(repeated == nil, "the push cannot be repeated: \(repeated.map { "\($0)" } ?? "")")
        expect(try positions().allSatisfy { $0 == .new }, "the repeated push moved no refs")
        expect(isSound(), "ostree fsck finds faults after the repeated push")
        let left = try Directory("\(cache)/tmp").entries().filter { $0.hasPrefix("bst-artifact-") }
        expect(left.isEmpty, "the repeated push left \(left)")
        return faults.map { "\(shape.name), \(fileSystem), \(fault) at call \(point): \($0)" }
    }

    private func prepare() throws {
        FaultInjector.installed = nil
        try ChildProcess.succeed(["cp", "-a", shape.cache, cache])
        if mkdir("\(place)/attic", 0o755) != 0 { throw SystemError("make directory \(place)/attic") }
        if !shape.prelude.isEmpty, let error = try serve(shape.prelude, .one) { throw error }
    }

    /// Renames quarantines as if they were of an earlier start of the machine, as after a power cut.
    private func restart() throws {
        let temporary = try Directory("\(cache)/tmp")
        for name in try temporary.entries() where name.hasPrefix("bst-artifact-push-") {
            var parts = name.split(separator: "-", omittingEmptySubsequences: false)
            parts[3] = "anotherstart"
            try temporary.rename(name, to: temporary, parts.joined(separator: "-"))
        }
    }

    private struct Outcome {
        let injector: FaultInjector
        let succeeded: Bool
        let isAcknowledged: Bool
    }

    private func receive(_ fault: Fault, at point: Int) throws -> Outcome {
        let injector = FaultInjector(
            fault, at: point, on: fileSystem, DiskModel(root: cache, attic: "\(place)/attic"))
        FaultInjector.installed = injector
        let error = try serve()
        FaultInjector.installed = nil
        let output = try Directory.openAnywhere("\(place)/output").readAll(limit: 1 << 20)
        let isAcknowledged = shape.version == .one ? try ClientStream.isAcknowledged(output) : error == nil
        return Outcome(injector: injector, succeeded: error == nil, isAcknowledged: isAcknowledged)
    }

    private func serve() throws -> (any Error)? {
        try serve(shape.stream, shape.version)
    }

    private func serve(_ stream: [UInt8], _ version: ProtocolVersion) throws -> (any Error)? {
        let injector = FaultInjector.installed
        FaultInjector.installed = nil
        let directory = try Directory(place)
        for name in ["input", "output"] { try directory.remove(name) }
        try directory.createFile("input").writeAll(stream)
        let input = try directory.openFile("input")
        let output = try directory.createFile("output")
        FaultInjector.installed = injector
        var options = Receiver.Options()
        options.version = version
        do {
            let repository = try Repository(cache)
            // Each run is to make the same calls in the same order.
            #if DEBUG
                repository.workerCount = 0
            #endif
            try Receiver(store: repository, options: options).serve(input: input, output: output)
            return nil
        } catch {
            return error
        }
    }

    private enum Position { case old, new, elsewhere }

    private func positions() throws -> [Position] {
        let repository = try Repository(cache)
        if let (commit, old, new) = shape.metadata {
            let found = try repository.metadata(ObjectName(commit, .commitmeta))
            return [found == new ? .new : found == old ? .old : .elsewhere]
        }
        return try shape.moves.map { move in
            guard let commit = try? repository.commit(of: move.ref) else {
                return try move.old == nil && !Directory.exists("\(cache)/refs/heads/\(move.ref)")
                    ? .old : .elsewhere
            }
            return commit == move.new ? .new : commit == move.old ? .old : .elsewhere
        }
    }

    private func isSound() -> Bool {
        (try? ChildProcess.succeed(["ostree", "--repo=\(cache)", "fsck", "--quiet"])) != nil
    }
}

extension ChildProcess {
    /// Runs a program that must succeed.
    static func succeed(_ arguments: [String]) throws {
        let result = try TestSupport.run(arguments)
        guard result.succeeded else {
            throw TestSupportError("\(arguments.joined(separator: " ")) failed: \(result.errorText)")
        }
    }
}
