// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import ArtifactReceiver
import ArtifactRepository
import Foundation
import Synchronization
import TestSupport
import Testing

/// Pushes from a program's own tasks.
@Suite struct LibraryPushTests {
    private let stage: Stage

    init() throws {
        stage = try Stage()
    }

    private var source: Repository { get throws { try Repository(stage.mine) } }

    /// The cache, with a receiver that is this command, or the built one.
    private func cache(receiver: String? = nil) throws -> ArtifactCache {
        var options = ArtifactCache.Options()
        options.push.receiver.receiver = try receiver ?? Programs.receiver()
        options.push.showMessage = { _ in }
        return try ArtifactCache(stage.cache, options: options)
    }

    /// A receiver's stand-in, which notes its process number and then runs a script.
    private func receiver(_ script: String) throws -> String {
        try stage.program("stand-in", "echo $$ > '\(noted)'\n\(script)")
    }

    private var noted: String { stage.directory.path("process") }

    private func notedProcess() -> pid_t? {
        (try? String(contentsOfFile: noted, encoding: .utf8))
            .flatMap { $0.hasSuffix("\n") ? pid_t($0.dropLast()) : nil }
    }

    @Test(arguments: [
        "exec sleep 1200", "trap '' TERM; while :; do sleep 0.05; done",
        "exec >&- 2>&-; trap '' TERM; while :; do sleep 0.05; done",
    ])
    func `One that is cancelled before a receiver that hangs ends at once, and leaves nothing behind`(
        script: String
    ) async throws {
        try stage.commit("a/b/c")
        let before = try Reader.snapshot(stage.cache)
        let (cache, source) = (try cache(receiver: receiver(script)), try source)
        let push = Task { try await cache.push(["a/b/c"], from: source) }
        #expect(try await comesTrue { notedProcess() != nil })
        let process = try #require(notedProcess())
        push.cancel()
        #expect(eventually { !ProcessTree.isAlive(process) })
        await #expect(throws: CancellationError.self) { try await push.value }
        #expect(try Reader.snapshot(stage.cache).differences(from: before) == [])
    }

    @Test func `A time limit of a task group ends one that is writing`() async throws {
        let tree = try stage.directory.makeDirectory("tree")
        try Data(SampleTree.noise(count: 4 << 20, seed: 5)).write(to: URL(fileURLWithPath: "\(tree)/large"))
        try OSTreeCommand.commit(stage.mine, tree: tree, refs: ["a/b/c"])
        // It answers what is asked first, and then reads nothing.
        let answers = try stage.directory.file("answers", Frame.info() + Frame.accepted)
        let (cache, source) = (try cache(receiver: receiver("cat '\(answers)'; exec sleep 100")), try source)
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await cache.push(["a/b/c"], from: source) }
                group.addTask {
                    try await Task.sleep(for: .milliseconds(200))
                    throw CancellationError()
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
        #expect(!ProcessTree.isAlive(try #require(notedProcess())))
    }

    @Test func `One whose task is cancelled already starts nothing`() async throws {
        try stage.commit("a/b/c")
        let (cache, source) = (try cache(receiver: receiver("exec sleep 100")), try source)
        let push = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await cache.push(["a/b/c"], from: source)
        }
        await #expect(throws: CancellationError.self) { try await push.value }
        #expect(notedProcess() == nil)
    }

    @Test func `Progress never goes back, and ends with the numbers of the report`() async throws {
        let tree = stage.directory.path("many")
        try SampleTree.manySmallFiles(200, at: tree)
        try OSTreeCommand.commit(stage.mine, tree: tree, refs: ["a/b/c"])
        let told = Mutex<[TransferProgress]>([])
        let report = try await cache().push(["a/b/c"], from: source) { progress in
            told.withLock { $0.append(progress) }
        }
        let steps = told.withLock { $0 }
        expectNeverBack(steps)
        #expect(steps.count > 100)
        #expect(steps.last?.objects == report.objects)
        #expect(steps.last?.bytes == report.bytes)
        #expect(steps.last?.fraction == 1)
        // Without capabilities the receiver tells of no refs.
        let isPlain = getenv("BST_ARTIFACT_ABILITIES").map { String(cString: $0) } == "none"
        #expect(report.results.map(\.outcome) == [isPlain ? .sent : .moved])
    }

    @Test func `Errors can be told apart`() async throws {
        try stage.commit("a/b/c")
        try stage.commit("x/y/z", text: "ours", following: "before")
        let theirs = try stage.commit("x/y/z", text: "theirs", in: stage.cache)
        let source = try source

        func code(_ cache: ArtifactCache, _ refs: [String]) async throws -> ClientError.Code? {
            do {
                try await cache.push(refs, from: source)
                return nil
            } catch let error as ClientError {
                return error.code
            }
        }
        #expect(try await code(cache(), ["not/there"]) == .unknownRef)
        #expect(try await code(cache(), ["no ref//name"]) == .unknownRef)
        #expect(try await code(cache(receiver: "/nonexistent/receiver"), ["a/b/c"]) == .noReceiver)
        #expect(try await code(cache(receiver: receiver("exit 0")), ["a/b/c"]) != nil)
        // The ref that diverged stays; the other one is pushed all the same.
        #expect(try await code(cache(), ["x/y/z", "a/b/c"]) == .diverged)
        #expect(try Reader.refs(stage.cache)["x/y/z"] == theirs)
        #expect(try Reader.refs(stage.cache)["a/b/c"] != nil)
        #expect(try await code(cache(), ["a/b/c", "a/b/c"]) == nil)
    }
}

/// Receivers of a program's own.
@Suite struct LibraryReceiverTests {
    @Test func `One that is cancelled while its client says nothing ends, and tells the client`() async throws
    {
        let stage = try Stage()
        let (toReceiver, fromReceiver) = (Pipe(), Pipe())
        let receiver = Receiver(store: try Repository(stage.cache))
        let input = Descriptor(toReceiver.fileHandleForReading.fileDescriptor, owned: false)
        let output = Descriptor(fromReceiver.fileHandleForWriting.fileDescriptor, owned: false)
        let before = try Reader.snapshot(stage.cache)
        let serving = Task { try await receiver.serve(input: input, output: output) }
        // Once it has answered the greeting, it waits for more.
        toReceiver.fileHandleForWriting.write(Data(Frame.info()))
        var answer = pollfd(
            fd: fromReceiver.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
        #expect(try await comesTrue { poll(&answer, 1, 0) == 1 })
        #expect(!fromReceiver.fileHandleForReading.availableData.isEmpty)
        serving.cancel()
        await #expect(throws: CancellationError.self) { try await serving.value }
        try fromReceiver.fileHandleForWriting.close()
        let words = String(decoding: fromReceiver.fileHandleForReading.availableData, as: UTF8.self)
        #expect(words.contains("was told to stop, so nothing was changed: push again"))
        #expect(try Reader.snapshot(stage.cache).differences(from: before) == [])
    }
}

/// Expects that no number ever becomes smaller.
func expectNeverBack(_ steps: [TransferProgress], _ location: SourceLocation = #_sourceLocation) {
    for (before, after) in zip(steps, steps.dropFirst()) {
        #expect(before.objects <= after.objects, sourceLocation: location)
        #expect(before.bytes <= after.bytes, sourceLocation: location)
        #expect(before.fraction ?? 0 <= after.fraction ?? 0, sourceLocation: location)
    }
}
