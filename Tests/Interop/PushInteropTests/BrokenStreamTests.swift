// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Our receiver, fed with pushes that must not succeed: the repository stays as it was.
@Suite struct BrokenStreamTests {
    /// A damage to the objects of a push.
    enum Damage: String, CaseIterable, CustomTestStringConvertible {
        case badCommit, badDirtree, badDirmeta, badFile
        case noCommit, noDirtree, noDirmeta, noFile
        case treeAsCommit, unknownName, path, twice, link, strangerMetadata, emptyFile, zeroes
        var testDescription: String { rawValue }

        /// The objects, damaged, and the commit that the ref is to point to.
        func applied(to objects: ObjectStream, commit: String) -> (ObjectStream, String) {
            let tree = objects.objects.first { $0.name.hasSuffix(".dirtree") }!.name.prefix(64)
            let other = String(repeating: "ab", count: 32)
            switch self {
            case .badCommit: return (objects.damaging(".commit"), commit)
            case .badDirtree: return (objects.damaging(".dirtree"), commit)
            case .badDirmeta: return (objects.damaging(".dirmeta"), commit)
            case .badFile: return (objects.damaging(".filez"), commit)
            case .noCommit: return (objects.without(".commit"), commit)
            case .noDirtree: return (objects.without(".dirtree"), commit)
            case .noDirmeta: return (objects.without(".dirmeta"), commit)
            case .noFile: return (objects.without(".filez"), commit)
            case .treeAsCommit: return (objects, String(tree))
            case .unknownName: return (objects.adding("README"), commit)
            case .path: return (objects.adding("../../config"), commit)
            case .twice: return (objects.adding(objects.objects[0].name, objects.objects[0].content), commit)
            case .link: return (objects.adding("\(other).filez", []), commit)
            case .strangerMetadata: return (objects.adding("\(other).commitmeta", []), commit)
            case .emptyFile: return (objects.adding("\(other).filez", []), commit)
            case .zeroes: return (objects, Frame.nothing)
            }
        }
    }

    private struct Push {
        let stage: Stage
        let commit: String
        let objects: ObjectStream

        init() throws {
            stage = try Stage()
            commit = try stage.commit("a/b/c")
            objects = try ObjectStream(ofArchive: stage.mine)
            // Nothing that the cache has is in the push: what is there is not looked at again.
            let other = try stage.directory.makeDirectory("other")
            try stage.directory.file("other/file", "something else")
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: other)
            try OSTreeCommand.commit(stage.cache, tree: other, refs: ["there/already"])
        }
    }

    @Test func `An undamaged stream, made by the same means, arrives`() throws {
        let push = try Push()
        let bytes = ReceiverRun.push([("a/b/c", Frame.nothing, push.commit)], push.objects)
        let result = try ReceiverRun.run(push.stage.cache, bytes)
        expectSuccess(result)
        #expect(try Frame.parse(result.output).map(\.kind) == [.info, .status, .done])
        try push.stage.expectArrived(["a/b/c"], at: push.commit)

        let again = try Push()
        let first = ReceiverRun.push0([("a/b/c", Frame.nothing, again.commit)], again.objects)
        let result0 = try ReceiverRun.run(again.stage.cache, first, ["--protocol", "0"])
        expectSuccess(result0)
        let kinds = try Frame.parse(result0.output).map(\.kind)
        #expect(kinds == [.info, .status] + again.objects.objects.map { _ in .status })
        try again.stage.expectArrived(["a/b/c"], at: again.commit)
    }

    @Test(arguments: Damage.allCases, [1, 0])
    func `A push with wrong objects changes nothing`(damage: Damage, version: Int) throws {
        let push = try Push()
        let (objects, commit) = damage.applied(to: push.objects, commit: push.commit)
        let refs = [("a/b/c", Frame.nothing, commit), ("a/b/d", Frame.nothing, push.commit)]
        let bytes = version == 1 ? ReceiverRun.push(refs, objects) : ReceiverRun.push0(refs, objects)
        let result = try expectFailure("error", status: 1, unchanged: [push.stage.cache]) {
            try ReceiverRun.run(push.stage.cache, bytes, ["--protocol", "\(version)"])
        }
        // The client is told, too.
        #expect(try Frame.parse(result.output).last?.kind == .status)
        try OSTreeCommand.fsck(push.stage.cache)
    }

    @Test(arguments: [1, 0])
    func `A push that is cut off anywhere changes nothing`(version: Int) throws {
        let push = try Push()
        let refs = [("a/b/c", Frame.nothing, push.commit)]
        let info = Frame.info([("a/b/c", push.commit)])
        let bytes =
            version == 1 ? ReceiverRun.push(refs, push.objects) : ReceiverRun.push0(refs, push.objects)
        let start = version == 1 ? info.count : 0
        let update = start + Frame.update(refs).count
        var places: Set<Int> = [
            0, 3, update - 1, update, update + 3, update + 5, bytes.count - 1, bytes.count - 5,
        ]
        if version == 1 { places.formUnion([start - 1, start, bytes.count - 5 - 512, bytes.count - 6]) }
        for quarter in 1...9 { places.insert(update + (bytes.count - update) * quarter / 10) }
        let before = try Reader.snapshot(push.stage.cache)
        for place in places.sorted() {
            let result = try ReceiverRun.run(
                push.stage.cache, Array(bytes.prefix(place)), ["--protocol", "\(version)"])
            #expect(result.status == .exited(1), "\(place) of \(bytes.count) bytes: \(result.errorText)")
            #expect(
                result.errorText.contains("went away"),
                "\(place) of \(bytes.count) bytes: \(result.errorText)")
            #expect(try Reader.garbage(push.stage.cache) == [], "\(place) of \(bytes.count) bytes")
            // Each attempt takes over what the one before has left.
            #expect(try Reader.leftovers(push.stage.cache).count <= 1, "\(place) of \(bytes.count) bytes")
        }
        #expect(try Reader.snapshot(push.stage.cache).differences(from: before) == [])
        expectSuccess(try ReceiverRun.run(push.stage.cache, bytes, ["--protocol", "\(version)"]))
        try push.stage.expectArrived(["a/b/c"], at: push.commit)
    }

    @Test(arguments: ["1", "5", "2"])
    func `A member of the tar stream that is no regular file is refused`(flag: String) throws {
        let push = try Push()
        let name = String(repeating: "ab", count: 32) + ".filez"
        let tar = ObjectStream.header(name, 0, flag: Character(flag)) + push.objects.tar
        let bytes =
            Frame.info() + Frame.update([("a/b/c", Frame.nothing, push.commit)]) + Frame.putObjects + tar
            + Frame.done()
        try expectFailure("error", status: 1, unchanged: [push.stage.cache]) {
            try ReceiverRun.run(push.stage.cache, bytes)
        }
    }

    @Test func `A killed receiver changes nothing, and the next one removes what it left`() throws {
        let push = try Push()
        let before = try Reader.snapshot(push.stage.cache)
        let bytes = ReceiverRun.push([("a/b/c", Frame.nothing, push.commit)], push.objects)
        let process = try RunningProcess([Programs.receiver(), push.stage.cache])
        try process.write(Array(bytes.dropLast(5)))
        #expect(try eventually { try !Reader.leftovers(push.stage.cache).isEmpty })
        process.terminate(9)
        try process.wait()
        #expect(try Reader.snapshot(push.stage.cache).differences(from: before) == [])
        expectSuccess(try ReceiverRun.run(push.stage.cache, bytes))
        try push.stage.expectArrived(["a/b/c"], at: push.commit)
    }
}
