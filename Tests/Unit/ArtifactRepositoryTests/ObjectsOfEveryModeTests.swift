// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// A commit on its way from repository to repository.
@Suite struct ObjectsOfEveryModeTests {
    /// From where to where.
    struct Route: Sendable, CustomTestStringConvertible {
        var source: RepositoryMode
        var target: RepositoryMode
        var testDescription: String { "\(source) to \(target)" }

        /// Modes without owners can neither give nor take what else there is to a file.
        var isPlain: Bool { source == .bareUserOnly || target == .bareUserOnly }

        static let all = possible.flatMap { source in
            possible.map { Route(source: source, target: $0) }
        }
        /// Without root there can be no repository of mode bare.
        private static let possible = RepositoryMode.allCases.filter { $0 != .bare || getuid() == 0 }
    }

    private static func write(_ path: String, _ content: Data, mode: Int = 0o644) throws {
        _ = FileManager.default.createFile(atPath: path, contents: content)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    /// A tree with everything that a tree can hold.
    private static func makeTree(_ path: String, plain: Bool) throws {
        let files = FileManager.default
        for directory in ["", "/directory", "/directory/deeper/yet", "/empty directory", "/ünïcödé"] {
            try files.createDirectory(atPath: path + directory, withIntermediateDirectories: true)
        }
        try write("\(path)/text", Data("text\n".utf8))
        try write("\(path)/empty", Data())
        try write("\(path)/directory/program", Data("#!/bin/sh\n".utf8), mode: 0o755)
        try write("\(path)/with space", Data("space".utf8))
        try write("\(path)/with\nnewline", Data("newline".utf8))
        try write("\(path)/-dash", Data("dash".utf8))
        try write("\(path)/ünïcödé/файл-文件-🗄", Data("unicode".utf8))
        try write("\(path)/" + String(repeating: "n", count: 255), Data("long name".utf8))
        try write("\(path)/directory/deeper/yet/same", Data("text\n".utf8))
        // Some that is larger than what is compressed in memory, and both repetitive and random parts.
        var generator = SystemRandomNumberGenerator()
        let random = (0..<200_000).map { _ in UInt64.random(in: 0 ... .max, using: &generator) }
        var large = random.withUnsafeBytes { Data($0) }
        large.append(Data(repeating: 65, count: 1_500_000))
        try write("\(path)/directory/large", large)
        try write("\(path)/limit", Data(repeating: 66, count: 1024 * 1024))
        try write("\(path)/beyond", Data(repeating: 66, count: 1024 * 1024 + 1))
        try files.createSymbolicLink(atPath: "\(path)/link", withDestinationPath: "directory/program")
        try files.createSymbolicLink(atPath: "\(path)/dangling", withDestinationPath: "/nowhere/ü b\nc")
        let long = Array(repeating: "part", count: 200).joined(separator: "/")
        try files.createSymbolicLink(atPath: "\(path)/long link", withDestinationPath: long)
        if plain { return }
        try write("\(path)/setuid", Data("setuid".utf8), mode: 0o4755)
        try write("\(path)/private", Data("private".utf8), mode: 0o600)
        try write("\(path)/attributes", Data("attributes".utf8))
        for (name, value) in [
            ("user.one", "1"), ("user.empty", ""), ("user.a", String(repeating: "v", count: 1000)),
        ] {
            try run(["setfattr", "-n", name, "-v", value, "\(path)/attributes"]).checked()
        }
        try files.setAttributes([.posixPermissions: 0o1700], ofItemAtPath: "\(path)/directory/deeper")
    }

    @Test(arguments: Route.all)
    func `A commit arrives whole, and ostree finds nothing wrong with it`(route: Route) throws {
        let scratch = try TemporaryDirectory()
        let source = try scratch.repository(route.source, "source")
        let target = try scratch.repository(route.target, "target")
        let tree = "\(scratch.path)/tree"
        try Self.makeTree(tree, plain: route.isPlain)
        if route.isPlain {
            try source.ostree(
                "commit", "--branch=sample", "--canonical-permissions",
                "--no-xattrs", tree)
        } else {
            try source.ostree("commit", "--branch=sample", tree)
        }

        let ref = RefName.named("sample")
        let commit = try #require(try source.commit(of: ref))
        try Self.transfer(commit, from: source, to: target, as: ref)

        let audit = try target.ostree("fsck")
        #expect(audit.contains("object fsck of 1 commits completed successfully"), "\(audit)")
        let listings = try [source, target].map {
            try $0.ostree("ls", "-RCX", "sample")
        }
        #expect(listings[0] == listings[1])
        #expect(listings[0].split(separator: "\n").count > 15)
        if route.target != .archive {
            // They are linked into checkouts, where OSTree wants them all to have the time 0.
            let times = try run([
                "find", "\(target.path)/objects", "-name", "*.file", "-printf", "%T@\\n",
            ]).checked().text
            #expect(Set(times.split(separator: "\n")) == ["0.0000000000"])
        }
        let checkout = "\(scratch.path)/checkout"
        try target.ostree("checkout", "-U", "sample", checkout)
        try run(["diff", "-r", "--no-dereference", tree, checkout]).checked()
        #expect(try target.quarantines().isEmpty)
    }

    private static func transfer(
        _ commit: Checksum, from source: Repository, to target: Repository, as ref: RefName
    ) throws {
        let encoder = ObjectEncoder(source, compression: .fast)
        let quarantine = try target.makeQuarantine(.transient)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { buffer.deallocate() }
        var walk = ObjectWalk(source)
        try walk.visit(commit) { name in
            let object = try encoder.encode(name)
            #expect(object.name == name)
            let incoming = try #require(try quarantine.receive(name, size: object.size))
            var size: UInt64 = 0
            try object.forEachPiece(buffer: buffer) { piece in
                size += UInt64(piece.count)
                try incoming.write(piece)
            }
            #expect(size == object.size)
            try incoming.finish()
            try quarantine.settle()
            #expect(try quarantine.contains(name))
            #expect(try !target.contains(name))
        }
        let outcomes = try quarantine.publish(
            [RefEdit(ref, from: .mustNotExist, to: commit)], moves: .forward, merging: .keepsStored)
        #expect(outcomes.map(\.outcome) == [.moved])
        #expect(try target.commit(of: ref) == commit)
    }

    @Test(arguments: RepositoryMode.allCases)
    func `A commit cannot be read from a repository that does not have it`(mode: RepositoryMode) throws {
        let scratch = try TemporaryDirectory()
        let encoder = ObjectEncoder(try scratch.repository(mode))
        for object in SampleCommit().objects {
            let error = #expect(throws: RepositoryError.self) { _ = try encoder.encode(object.name) }
            #expect(error?.code == .missingObject)
        }
    }

    @Test(arguments: [0o104755, 0o102755, 0o101755, 0o100666] as [UInt32])
    func `A commit with owners or special permissions cannot be received by a repository without them`(
        mode: UInt32
    ) throws {
        let scratch = try TemporaryDirectory()
        let quarantine = try scratch.repository(.bareUserOnly).makeQuarantine(.transient)
        let object = ArchivedFile(mode: mode).object()
        let error = #expect(throws: RepositoryError.self) { try quarantine.take(object) }
        #expect(error?.code == .unsuitableMode)
        #expect(try !quarantine.contains(object.name))
    }
}
