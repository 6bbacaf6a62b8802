// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Our receiver's answers to single messages, and to refs that are not where a client thinks.
@Suite struct ReceiverAnswerTests {
    struct InvalidMessage: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let hex: String
        let why: String
        var testDescription: String { name }

        var bytes: [UInt8] {
            stride(from: 0, to: hex.utf8.count, by: 2).map { offset in
                let start = hex.index(hex.startIndex, offsetBy: offset)
                return UInt8(hex[start...].prefix(2), radix: 16)!
            }
        }

        static let all: [InvalidMessage] = {
            struct Messages: Decodable { let invalid: [InvalidMessage] }
            let path = "\(Programs.repositoryRoot)/Tests/Fixtures/conformance/messages.json"
            let contents = FileManager.default.contents(atPath: path) ?? Data()
            return (try? JSONDecoder().decode(Messages.self, from: contents))?.invalid ?? []
        }()
    }

    @Test func `There are invalid messages to try`() {
        #expect(InvalidMessage.all.count >= 18)
    }

    @Test(arguments: InvalidMessage.all, [1, 0])
    func `An invalid message ends the push with a reason`(message: InvalidMessage, version: UInt8) throws {
        let stage = try Stage()
        try stage.commit("there/already", in: stage.cache)
        var bytes = message.bytes
        if message.name != "bad-version" && bytes.count > 1 { bytes[1] = version }
        // An update comes after the introduction; in version 0 only an update or a farewell is due.
        let isUpdate = bytes.count > 2 && bytes[2] == Frame.Kind.update.rawValue
        let before = version == 1 && isUpdate ? Frame.info() : []
        let result = try expectFailure("error:", status: 1, unchanged: [stage.cache]) {
            try ReceiverRun.run(stage.cache, before + bytes, ["--protocol", "\(version)"])
        }
        let frames = try Frame.parse(result.output)
        #expect(frames.last?.kind == .status, "the client is told: \(message.why)")
        #expect(frames.allSatisfy { $0.version == version })
    }

    @Test func `The answer to info names only the refs that were asked for`() throws {
        let stage = try Stage()
        let commit = try stage.commit("asked/for", "not/asked/for", in: stage.cache)
        let other = String(repeating: "ab", count: 32)
        let bytes = Frame.info([("asked/for", other), ("un/known", other)]) + Frame.done()
        let result = try ReceiverRun.run(stage.cache, bytes)
        expectSuccess(result)
        let frames = try Frame.parse(result.output)
        #expect(frames.map(\.kind) == [.info])
        #expect(frames[0].holds("asked/for\u{0}\(commit)"))
        #expect(!frames[0].holds("not/asked/for"))
        #expect(!frames[0].holds("un/known"))
    }

    @Test func `A version 0 receiver greets with all refs`() throws {
        let stage = try Stage()
        let commit = try stage.commit("one", "another/one", in: stage.cache)
        let result = try ReceiverRun.run(stage.cache, Frame.done(version: 0), ["--protocol", "0"])
        expectSuccess(result)
        let frames = try Frame.parse(result.output)
        #expect(frames.map(\.kind) == [.info])
        #expect(frames[0].holds("one\u{0}\(commit)") && frames[0].holds("another/one\u{0}\(commit)"))
    }

    @Test func `A version 0 greeting holds what fits into a frame, and the log says so`() throws {
        let stage = try Stage()
        let commit = try stage.commit("zz")
        _ = try stage.manyRefs(1000, at: commit)
        try run(["rm", "-r", stage.cache]).checked()
        _ = try stage.copy(stage.mine, as: "cache")
        let result = try ReceiverRun.run(stage.cache, Frame.done(version: 0), ["--protocol", "0"])
        expectSuccess(result)
        let frames = try Frame.parse(result.output)
        #expect(frames.map(\.kind) == [.info])
        #expect(!frames[0].holds("zz"))
        #expect(result.errorText.contains("all 1001 refs"))

        // A ref that was not named is taken for a new one: that is right where it is there already, and else refused.
        let push = { try stage.push(["zz"], ["--protocol", "0"]) }
        expectSuccess(try push())
        try stage.commit("zz", text: "next")
        try expectFailure("zz exists already, at \(commit)", status: 1, unchanged: [stage.cache]) {
            try push()
        }
    }

    @Test(arguments: [1, 0])
    func `A client that leaves after the receiver's answer changes nothing`(version: Int) throws {
        let stage = try Stage()
        let commit = try stage.commit("a/b/c")
        let before = try Reader.snapshot(stage.cache)
        let update = Frame.update([("a/b/c", Frame.nothing, commit)])
        let conversations =
            version == 1
            ? [Frame.done(), Frame.info() + Frame.done(), Frame.info() + update + Frame.done()]
            : [Frame.done(version: 0)]
        for bytes in conversations {
            expectSuccess(try ReceiverRun.run(stage.cache, bytes, ["--protocol", "\(version)"]))
        }
        #expect(try Reader.snapshot(stage.cache).differences(from: before) == [])
    }

    @Test(arguments: [1, 0])
    func `A client that leaves because it was refused has not got what it asked for`(version: UInt8) throws {
        let stage = try Stage()
        let theirs = try stage.commit("branch", text: "theirs", in: stage.cache)
        let ours = try stage.commit("branch", text: "ours")
        let wrong = String(repeating: "ab", count: 32)
        let bytes =
            (version == 1 ? Frame.info() : []) + Frame.update([("branch", wrong, ours)], version: version)
            + Frame.done(version: version)
        try expectFailure(theirs, wrong, status: 1, unchanged: [stage.cache]) {
            try ReceiverRun.run(stage.cache, bytes, ["--protocol", "\(version)"])
        }
    }

    @Test(arguments: [1, 0])
    func `A wrong old commit is refused with the right one`(version: Int) throws {
        let stage = try Stage()
        let theirs = try stage.commit("branch", text: "theirs", in: stage.cache)
        let ours = try stage.commit("branch", text: "ours")
        let wrong = String(repeating: "ab", count: 32)
        let objects = try ObjectStream(ofArchive: stage.mine)
        let refs = [("branch", wrong, ours)]
        let bytes = version == 1 ? ReceiverRun.push(refs, objects) : ReceiverRun.push0(refs, objects)
        let result = try expectFailure(theirs, wrong, status: 1, unchanged: [stage.cache]) {
            try ReceiverRun.run(stage.cache, bytes, ["--protocol", "\(version)"])
        }
        let frames = try Frame.parse(result.output)
        #expect(frames.contains { $0.kind == .status && $0.holds(theirs) })
    }

    @Test(arguments: [1, 0])
    func `A ref cannot move to a commit that does not descend from the old one`(version: Int) throws {
        let stage = try Stage()
        let theirs = try stage.commit("branch", text: "theirs", in: stage.cache)
        let ours = try stage.commit("branch", text: "ours", following: "before")
        let objects = try ObjectStream(ofArchive: stage.mine)
        let refs = [("branch", theirs, ours)]
        let bytes = version == 1 ? ReceiverRun.push(refs, objects) : ReceiverRun.push0(refs, objects)
        try expectFailure("descend", status: 1, unchanged: [stage.cache]) {
            try ReceiverRun.run(stage.cache, bytes, ["--protocol", "\(version)"])
        }
    }

    @Test
    func `In version 1 a ref said to be absent stays where it is if refs never move, and that is success`()
        throws
    {
        let stage = try Stage()
        let theirs = try stage.commit("a/b/c", text: "theirs", in: stage.cache)
        let ours = try stage.commit("a/b/c", "a/b/d", text: "ours")
        let objects = try ObjectStream(ofArchive: stage.mine)
        let refs = [("a/b/c", Frame.nothing, ours), ("a/b/d", Frame.nothing, ours)]
        let result = try ReceiverRun.run(stage.cache, ReceiverRun.push(refs, objects), ["--moves", "never"])
        expectSuccess(result)
        #expect(result.errorText.contains(theirs), "the log says that it was kept")
        try stage.expectArrived(["a/b/c"], at: theirs)
        try stage.expectArrived(["a/b/d"], at: ours)
    }

    @Test func `In version 0 a ref said to be absent is refused where it exists`() throws {
        let stage = try Stage()
        let theirs = try stage.commit("a/b/c", text: "theirs", in: stage.cache)
        let ours = try stage.commit("a/b/c", text: "ours")
        let bytes = ReceiverRun.push0(
            [("a/b/c", Frame.nothing, ours)], try ObjectStream(ofArchive: stage.mine))
        try expectFailure(theirs, status: 1, unchanged: [stage.cache]) {
            try ReceiverRun.run(stage.cache, bytes, ["--protocol", "0"])
        }
    }

    @Test(arguments: [("a/b", "a/b/c"), ("a/b/c/d", "a/b/c")])
    func `A ref that another stands in the way of is refused`(existing: String, pushed: String) throws {
        let stage = try Stage()
        try stage.commit(existing, text: "theirs", in: stage.cache)
        try stage.commit(pushed)
        try expectFailure("cannot exist beside", status: 1, unchanged: [stage.cache]) {
            try stage.push([pushed])
        }
    }
}
