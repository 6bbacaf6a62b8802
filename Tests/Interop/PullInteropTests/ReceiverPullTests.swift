// SPDX-License-Identifier: Apache-2.0
import ArtifactProtocol
import Foundation
import TestSupport
import Testing

/// Pulls and listings of a cache that only sshd serves: its receiver gives the objects.
@Suite struct ReceiverPullTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    /// A machine with a receiver that was started with these options.
    private func machine(_ options: String = "") throws -> SSHServer {
        try SSHServer(forceCommand: "\(Programs.receiver()) \(options) \(stage.cache)")
    }

    private func ssh(_ machine: SSHServer) -> [String] { ["--ssh", shellWords(machine.sshCommand)] }

    private let remote = "ssh://localhost/artifacts"

    @Test(arguments: [OSTreeCommand.Mode.archive, .bareUser, .bareUserOnly])
    func `A commit comes whole, and the next one with what is new`(mode: OSTreeCommand.Mode) throws {
        let stage = try stage.another(mode)
        let machine = try machine()
        let result = try stage.pullWell(from: remote, ssh(machine))
        #expect(result.lines.last?.hasSuffix(" from \(remote)") == true)
        try stage.expectPulled()
        // A pull changes nothing, and makes no summary that would have to be kept up to date.
        #expect(access("\(stage.cache)/summary", F_OK) != 0)
        try stage.commitMore("added later\n")
        let next = try stage.pullWell(from: remote, ssh(machine))
        // A commit, its root and a file.
        #expect(next.lines.last?.hasPrefix("pulled 3 objects") == true, "\(next.text)")
        try stage.expectPulled()
        let again = try stage.pullWell(from: remote, ssh(machine))
        #expect(again.lines.last?.hasPrefix("pulled 0 objects") == true, "\(again.text)")
    }

    @Test func `A repository of any mode is pulled from`() throws {
        for mode in [OSTreeCommand.Mode.bareUser, .bareUserOnly] {
            let source = stage.directory.path("source-\(mode)")
            try OSTreeCommand.initRepo(source, mode: mode)
            let commit = try OSTreeCommand.commit(
                source, tree: stage.tree, refs: ["x/y/\(mode)"], options: ["--fsync=false"])
            let machine = try SSHServer(forceCommand: "\(Programs.receiver()) \(source)")
            try stage.pullWell(["x/y/\(mode)"], from: remote, ssh(machine))
            #expect(try OSTreeCommand.revParse(stage.mine, "x/y/\(mode)") == commit)
        }
    }

    @Test func `Refs are listed, and patterns, all refs and commits are pulled, without a summary`() throws {
        let commit = try OSTreeCommand.revParse(stage.cache, stage.ref)
        try OSTreeCommand.lines(stage.cache, ["refs", "--create=other/name", stage.ref])
        let machine = try machine()
        #expect(try stage.list(ssh(machine), from: remote).checked().lines == ["other/name", stage.ref])
        #expect(try stage.list(ssh(machine) + ["other/*"], from: remote).checked().lines == ["other/name"])
        let long = try stage.list(ssh(machine) + ["--long"], from: remote).checked().lines
        #expect(long.allSatisfy { $0.hasPrefix(commit) && $0.contains("2020-02-03") }, "\(long)")
        try stage.pullWell(["other/*"], from: remote, ssh(machine))
        #expect(try OSTreeCommand.refs(stage.mine) == ["other/name"])
        try stage.pullWell([], from: remote, ssh(machine) + ["--all"])
        #expect(try OSTreeCommand.refs(stage.mine).sorted() == ["other/name", stage.ref])
        let second = try stage.another(.archive)
        try second.pullWell([commit], from: remote, ssh(machine))
        #expect(try OSTreeCommand.refs(second.mine) == [])
        let errors = try second.pullBadly(["othr/name"], from: remote, ssh(machine))
        #expect(errors.contains("did you mean 'other/name'?"))
    }

    @Test func `History comes as deep as it is asked for`() throws {
        let first = stage.first
        let second = try stage.commitMore("added later\n", parent: first)
        let machine = try machine()
        try stage.pullWell(from: remote, ssh(machine) + ["--depth", "all"])
        #expect(try OSTreeCommand.revParse(stage.mine, "\(stage.ref)^") == first)
        let other = try stage.another(.archive)
        try other.pullWell(["\(stage.ref)@\(first)"], from: remote, ssh(machine))
        #expect(try OSTreeCommand.revParse(other.mine, stage.ref) == first)
        try other.pullWell(from: remote, ssh(machine))
        #expect(try OSTreeCommand.revParse(other.mine, stage.ref) == second)
    }

    @Test func `What may not be read is not there`() throws {
        let secret = try OSTreeCommand.commit(
            stage.cache, tree: stage.tree, refs: ["secret/ref"],
            options: ["--fsync=false", "--subject=secret"])
        for options in ["--allow-read '\(stage.ref)'", "--allow-ref '\(stage.ref)'", "--deny-ref 'secret/*'"]
        {
            let machine = try machine(options)
            #expect(try stage.list(ssh(machine), from: remote).checked().lines == [stage.ref])
            let reader = try stage.another(.archive)
            #expect(
                try reader.pullBadly(["secret/ref"], from: remote, ssh(machine)).contains("no ref secret/ref")
            )
            #expect(
                try reader.pullBadly([secret], from: remote, ssh(machine)).contains("no commit \(secret)"))
            try reader.pullWell(from: remote, ssh(machine))
        }
        let machine = try machine("--allow-ref 'other/*' --allow-read 'secret/*'")
        try stage.pullWell([secret], from: remote, ssh(machine))
        try stage.pullWell(["secret/ref"], from: remote, ssh(machine))
        #expect(try stage.pullBadly(from: remote, ssh(machine)).contains("no ref \(stage.ref)"))
    }

    @Test func `Refs that were told for a push cannot be read with a later announcement`() throws {
        let secret = try OSTreeCommand.commit(
            stage.cache, tree: stage.tree, refs: ["secret/ref"],
            options: ["--fsync=false", "--subject=secret"])
        let name = ObjectName(try #require(Checksum(hex: secret)), .commit)
        let messages: [Message] = [
            .info(Info(asking: [try #require(RefName("secret/ref"))], capabilities: [.largeFrames])),
            .info(Info(asking: [], capabilities: [.largeFrames, .pull])), .want([WantedObject(name)]), .done,
        ]
        let process = try RunningProcess(
            [try Programs.receiver(), "--allow-read", stage.ref, stage.cache],
            environment: Stage.allCapabilities)
        let result = try process.exchange(messages.flatMap { try $0.frame(version: .one) })
        // The last message is that there is no such object.
        let absent = try Message.object(ObjectAnswer(name, .absent)).frame(version: .one)
        #expect(result.output.suffix(absent.count) == absent[...], "\(result.errorText)")
    }

    /// Returns the answer of a receiver that lets the stage's ref be read to a client that has a commit.
    private func answer(to commit: Checksum, _ capabilities: Set<Capability>, _ options: [String]) throws
        -> Info
    {
        let refs = try Dictionary(
            uniqueKeysWithValues: [stage.ref, "secret/ref"].map { (try #require(RefName($0)), commit) })
        var info = Info(mode: 1, refs: refs, capabilities: capabilities)
        info.similar = [commit]
        let process = try RunningProcess(
            [try Programs.receiver(), "--allow-read", stage.ref] + options + [stage.cache],
            environment: Stage.allCapabilities)
        let frames = try [Message.info(info), .done].flatMap { try $0.frame(version: .one) }
        let result = try process.exchange(frames)
        let buffer = StreamBuffer()
        #expect(buffer.append(result.output) == result.output.count)
        guard case .info(let answer)? = try MessageReader(version: .one).next(from: buffer) else {
            throw TestSupportError("the receiver does not introduce itself: \(result.errorText)")
        }
        return answer
    }

    @Test(arguments: [[], ["--read-only"]])
    func `A commit that may not be read is as one that is not there, for clients that name it`(
        options: [String]
    ) throws {
        func commit(_ ref: String, _ options: String...) throws -> Checksum {
            let hex = try OSTreeCommand.commit(
                stage.cache, tree: stage.tree, refs: [ref], options: ["--fsync=false"] + options)
            return try #require(Checksum(hex: hex))
        }
        let first = try #require(Checksum(hex: OSTreeCommand.revParse(stage.cache, stage.ref)))
        let secret = try commit("secret/ref", "--subject=secret")
        let last = try commit(stage.ref, "--subject=last", "--parent=\(first)")
        let absent = try #require(Checksum(hex: String(repeating: "5", count: 64)))
        let pulling: Set<Capability> = [.pull, .want, .ahead, .metadata]
        for capabilities in [pulling, pulling.subtracting([.pull])] {
            // A push needs to know where its refs are, and may be of any here.
            let tellsAll = !capabilities.contains(.pull) && options.isEmpty
            for readable in [last, first] {
                let answer = try answer(to: readable, capabilities, options)
                #expect(answer.similar == [readable] && Set(answer.metadata.keys) == [readable])
            }
            let known = try answer(to: secret, capabilities, options)
            #expect(known.refs.values.contains(secret) == tellsAll)
            if !tellsAll { #expect(try known == answer(to: absent, capabilities, options)) }
        }
    }

    @Test func `An owner who wants pulls from the web alone gets them there`() throws {
        let server = try WebServer(directory: stage.cache)
        let machine = try machine("--no-pull --pull-url \(server.http1URL)")
        let errors = try stage.pullBadly(
            from: remote, ssh(machine) + ["--via", "ssh", "--ca", server.caFile])
        #expect(errors.contains("pull with --via https"))
        let result = try stage.pullWell(from: remote, ssh(machine) + ["--ca", server.caFile])
        #expect(result.lines.last?.hasSuffix(" from \(server.http1URL)") == true)
    }

    @Test func `The web server is used where it is asked for`() throws {
        let server = try WebServer(directory: stage.cache)
        let machine = try machine("--pull-url \(server.http1URL)")
        let options = ssh(machine) + ["--ca", server.caFile]
        #expect(
            try stage.pullWell(from: remote, options).lines.last?.hasSuffix(" from \(remote)") == true)
        let other = try stage.another(.archive)
        let result = try other.pullWell(from: remote, options + ["--via", "https"])
        #expect(result.lines.last?.hasSuffix(" from \(server.http1URL)") == true)
    }

    @Test func `A pull counts as a use of its refs`() throws {
        let machine = try machine()
        let file = "\(stage.cache)/refs/heads/\(stage.ref)"
        let old = Date(timeIntervalSince1970: 1_000_000_000)
        try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: file)
        try stage.pullWell(from: remote, ssh(machine))
        let time = try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
        #expect(try #require(time) > old)
    }

    @Test func `A damaged object ends the pull, and the next one goes on`() throws {
        let stage = try Stage.large(160)
        let files = try OSTreeCommand.listObjects(stage.cache).filter { $0.hasSuffix(".filez") }.sorted()
        let path = "\(stage.cache)/\(ObjectPath.path(try #require(files.dropFirst(80).first)))"
        let good = try Data(contentsOf: URL(filePath: path))
        var bad = good
        bad[bad.count - 1] ^= 0xff
        try bad.write(to: URL(filePath: path))
        let machine = try SSHServer(forceCommand: "\(Programs.receiver()) \(stage.cache)")
        let errors = try stage.pullBadly(from: remote, ssh(machine))
        #expect(errors.contains("serves wrong bytes"), "\(errors)")
        try good.write(to: URL(filePath: path))
        let verified = try stage.verified.count
        #expect(verified > 0)
        // Without sending ahead, since what is sent ahead is sent again.
        let result = try stage.pullWell(
            from: remote, ssh(machine), environment: ["BST_ARTIFACT_ABILITIES": "long,pull"])
        let total = try OSTreeCommand.listObjects(stage.cache).count
        let fetched = Int(result.lines.last?.split(separator: " ").dropFirst().first ?? "") ?? total
        #expect(fetched < total, "\(result.text)")
        try stage.expectPulled()
    }

    @Test func `An object that is not here any more is an error with its name, and nothing changes`() throws {
        let file = try #require(try OSTreeCommand.listObjects(stage.cache).first { $0.hasSuffix(".dirtree") })
        try FileManager.default.removeItem(atPath: "\(stage.cache)/\(ObjectPath.path(file))")
        let machine = try machine()
        let errors = try stage.pullBadly(from: remote, ssh(machine))
        #expect(errors.contains("refuses the pull") && errors.contains(file.prefix(64)), "\(errors)")
    }
}
