// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The recorded bytes of real clients, piped into our receiver.
@Suite struct RecordedClientTests {
    private static let hello = "34137b31f83f3c6733e36d5fa7bd5855aa3759bab2e7ed4241062b601e38f872"
    private static let branch = "9cb1bb7cb20ac32f92f4e73878a743eacf97040022e887645aad6271286593f7"
    private static let parent = "9e23a23d"

    private func transcript(_ name: String) throws -> [UInt8] {
        let path = "\(Programs.repositoryRoot)/Tests/Fixtures/conformance/transcripts/\(name)"
        return Array(try #require(FileManager.default.contents(atPath: path)))
    }

    /// The repository that the recorded clients pushed from.
    private func recordedSource(_ stage: Stage) throws -> String {
        let archive = "\(Programs.repositoryRoot)/Tests/Fixtures/conformance/source-repo.tar.gz"
        try run(["tar", "-xzf", archive, "-C", stage.directory.path]).checked()
        return stage.directory.path("source-repo")
    }

    private func receive(_ name: String, into cache: String, _ options: [String] = []) throws -> ProcessResult
    {
        let version = name.hasPrefix("ostree-push-v0") ? "0" : "1"
        return try ReceiverRun.run(cache, transcript("\(name).c2s"), ["--protocol", version] + options)
    }

    static let pushes = [
        "buildstream-1.0.1-two-refs", "buildstream-1.0.1-gnu-tar-two-refs", "buildstream-2017.10-two-refs",
        "buildstream-2018.06-two-refs", "ostree-push-v0-two-refs",
    ]

    @Test(arguments: pushes)
    func `A recorded push arrives, and once more where that is success`(name: String) throws {
        let stage = try Stage()
        expectSuccess(try receive(name, into: stage.cache))
        let refs = ["demo/hello/aaaa", "demo/hello/bbbb"]
        try stage.expectArrived(refs, at: RecordedClientTests.hello)
        let before = try Reader.snapshot(stage.cache)
        let again = try receive(name, into: stage.cache)
        // An update that says a ref is absent is stale in version 0, unless it is there at that commit already.
        expectSuccess(again)
        #expect(try Reader.snapshot(stage.cache).differences(from: before) == [])
    }

    @Test(arguments: ["buildstream-1.0.1", "buildstream-2017.10", "buildstream-2018.06"])
    func `A recorded connection check is answered as it was then`(peer: String) throws {
        let stage = try Stage()
        let answer = try transcript("\(peer)-hello.s2c")
        // Receivers since November 2017 told a pull URL.
        let url = "https://cache.example.com/artifacts"
        let tells = String(decoding: answer, as: UTF8.self).contains(url)
        let result = try receive("\(peer)-hello", into: stage.cache, tells ? ["--pull-url", url] : [])
        expectSuccess(result)
        let expected = try Frame.parse(answer)
        let frames = try Frame.parse(result.output)
        #expect(frames.map(\.kind) == expected.map(\.kind))
        // The order of a body's keys is free.
        #expect(frames.map(\.body.count) == expected.map(\.body.count))
        #expect(frames[0].holds(url) == tells)
    }

    @Test func `A recorded client that has nothing to do leaves, and nothing changes`() throws {
        let stage = try Stage()
        for (push, again) in [
            ("buildstream-2018.06-two-refs", "buildstream-2018.06-again"),
            ("ostree-push-v0-two-refs", "ostree-push-v0-again"),
        ] {
            expectSuccess(try receive(push, into: stage.cache))
            let before = try Reader.snapshot(stage.cache)
            expectSuccess(try receive(again, into: stage.cache))
            #expect(try Reader.snapshot(stage.cache).differences(from: before) == [])
        }
    }

    @Test(arguments: ["buildstream-2018.06", "ostree-push-v0"])
    func `A recorded client moves a branch forward`(peer: String) throws {
        let stage = try Stage()
        let source = try recordedSource(stage)
        let parent = try OSTreeCommand.revParse(source, "demo/branch^")
        #expect(parent.hasPrefix(RecordedClientTests.parent))
        try OSTreeCommand.lines(stage.cache, ["pull-local", source, parent])
        try OSTreeCommand.lines(stage.cache, ["refs", "--create=demo/branch", parent])
        expectSuccess(try receive("\(peer)-fast-forward", into: stage.cache))
        try stage.expectArrived(["demo/branch"], at: RecordedClientTests.branch)
    }

    @Test(arguments: ["buildstream-2018.06", "ostree-push-v0"])
    func `A recorded client that found an unrelated commit changes nothing`(peer: String) throws {
        let stage = try Stage()
        try stage.commit("demo/branch", text: "unrelated", in: stage.cache)
        let before = try Reader.snapshot(stage.cache)
        _ = try receive("\(peer)-diverged", into: stage.cache)
        #expect(try Reader.snapshot(stage.cache).differences(from: before) == [])
    }
}
