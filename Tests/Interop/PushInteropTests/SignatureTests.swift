// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Caches that take only signed commits.
@Suite struct SignatureTests {
    private let stage: Stage
    private let commit: String

    init() throws {
        stage = try Stage(.archive)
        commit = try stage.commit("a/b/c")
    }

    private func push(
        _ refs: [String] = ["a/b/c"], signedBy keys: SigningKeys..., environment: [String: String?] = [:]
    ) throws -> ProcessResult {
        try stage.push(refs, receiver: keys.flatMap(\.options), environment: environment)
    }

    private func expectRefusal(
        _ words: String, _ reason: String = "is refused: it", _ location: SourceLocation = #_sourceLocation,
        _ body: () throws -> ProcessResult
    ) throws {
        try expectFailure(
            "refuses the push: commit ", words, reason, status: 1, unchanged: [stage.cache], location, body)
    }

    @Test(arguments: SigningKeys.samples)
    func `A commit arrives if it is signed as it must be`(
        kind: SigningKeys.Kind, sample: SignatureSample
    ) throws {
        let keys = try SigningKeys(kind)
        try keys.sign(stage.mine, commit, sample)
        guard let words = sample.refusal else {
            expectSuccess(try push(signedBy: keys))
            return try stage.expectArrived(["a/b/c"], at: commit)
        }
        try expectRefusal("commit \(commit) of ref a/b/c is refused: ", words) { try push(signedBy: keys) }
    }

    @Test func `A commit that was made for another ref, or another collection, does not arrive`() throws {
        let keys = try SigningKeys(.ed25519)
        try OSTreeCommand.lines(stage.mine, ["commit", "-b", "rel/signed", "--tree=ref=a/b/c"])
        let bound = try OSTreeCommand.revParse(stage.mine, "rel/signed")
        try keys.sign(stage.mine, bound)
        try OSTreeCommand.lines(stage.mine, ["refs", "--create=third/product", "rel/signed"])
        try expectRefusal(
            "commit \(bound) of ref third/product is refused: it was made for ref 'rel/signed' and not for third/product"
        ) { try push(["third/product"], signedBy: keys) }
        expectSuccess(try push(["rel/signed"], signedBy: keys))
        // That the cache has it already does not make it right.
        try expectRefusal("and not for third/product") { try push(["third/product"], signedBy: keys) }

        for (repository, collection) in [
            (stage.mine, "org.example.Other"), (stage.cache, "org.example.Cache"),
        ] {
            try OSTreeCommand.lines(repository, ["config", "set", "core.collection-id", collection])
        }
        try OSTreeCommand.lines(stage.mine, ["commit", "-b", "rel/new", "--tree=ref=a/b/c"])
        try keys.sign(stage.mine, OSTreeCommand.revParse(stage.mine, "rel/new"))
        try expectRefusal("it was made for collection 'org.example.Other' and not for 'org.example.Cache'") {
            try push(["rel/new"], signedBy: keys)
        }
    }

    @Test func `A commit that ostree signs with GPG arrives`() throws {
        let keys = try GPGHome()
        try keys.makeKey("builder@example.com")
        let options = ["--verify-gpg", try keys.export()]
        func ostree(_ arguments: [String]) throws {
            try run(["ostree", "--repo=\(stage.mine)"] + arguments, environment: keys.environment).checked()
        }
        try ostree(["commit", "-b", "d/e/f", "--tree=ref=a/b/c", "--gpg-sign=builder@example.com"])
        try ostree(["gpg-sign", "a/b/c", "builder@example.com"])
        for ref in ["a/b/c", "d/e/f"] {
            expectSuccess(try stage.push([ref], receiver: options))
            try stage.expectArrived(
                [ref], at: OSTreeCommand.revParse(stage.mine, ref))
        }
        let shown = try run(
            ["ostree", "--repo=\(stage.cache)", "show", "a/b/c"], environment: keys.environment)
        #expect(shown.text.contains("Found 1 signature"), "\(shown.text)")
    }

    @Test(arguments: SigningKeys.Kind.allCases)
    func `An ancestor that the cache lacks must be signed too`(kind: SigningKeys.Kind) throws {
        let keys = try SigningKeys(kind)
        let newest = try stage.commit("a/b/c", text: "again")
        try keys.sign(stage.mine, newest)
        try expectRefusal("commit \(commit) in the history of ref a/b/c is refused: it has no ") {
            try push(signedBy: keys)
        }
        try keys.sign(stage.mine, commit)
        expectSuccess(try push(signedBy: keys))
        try stage.expectArrived(["a/b/c"], at: newest)
    }

    @Test(arguments: SigningKeys.Kind.allCases)
    func `Ancestors that the cache has need no signature`(kind: SigningKeys.Kind) throws {
        let keys = try SigningKeys(kind)
        expectSuccess(try push())
        let newest = try stage.commit("a/b/c", text: "again")
        try keys.sign(stage.mine, newest)
        // A new ref, for which the whole history is sent once more.
        try OSTreeCommand.lines(stage.mine, ["refs", "--create=d/e/f", newest])
        expectSuccess(try push(["d/e/f"], signedBy: keys))
        try stage.expectArrived(["d/e/f"], at: newest)
    }

    @Test func `If both kinds are asked for, one of them does not do`() throws {
        let keys = try SigningKeys.Kind.allCases.map { try SigningKeys($0) }
        for (signed, missing) in [(keys[0], "no ed25519"), (keys[1], "no GPG")] {
            try signed.sign(stage.mine, commit)
            try expectRefusal(missing) { try push(signedBy: keys[0], keys[1]) }
        }
        try DetachedMetadata.set(stage.mine, commit, keys.map { try $0.entry(stage.mine, commit) })
        expectSuccess(try push(signedBy: keys[0], keys[1]))
        try stage.expectArrived(["a/b/c"], at: commit)
    }

    @Test(arguments: SigningKeys.Kind.allCases)
    func `A ref cannot be pointed to an unsigned commit that the cache has`(kind: SigningKeys.Kind) throws {
        let keys = try SigningKeys(kind)
        expectSuccess(try push())
        try OSTreeCommand.lines(stage.mine, ["refs", "--create=d/e/f", commit])
        try expectRefusal("commit \(commit) of ref d/e/f is refused: it has no ") {
            try push(["d/e/f"], signedBy: keys)
        }
        // Once signed, the same commit brings its signature along.
        try keys.sign(stage.mine, commit)
        expectSuccess(try push(["d/e/f"], signedBy: keys))
        #expect(
            try DetachedMetadata.object(stage.cache, commit, "commitmeta")
                == DetachedMetadata.object(stage.mine, commit, "commitmeta"))
    }

    @Test(arguments: SigningKeys.Kind.allCases)
    func `The signatures that count are those of both sides`(kind: SigningKeys.Kind) throws {
        let keys = try SigningKeys(kind)
        let (key, value) = try keys.entry(stage.mine, commit)
        try keys.sign(stage.mine, commit)
        expectSuccess(try push(signedBy: keys))
        let signatures = try DetachedMetadata.signatures(stage.cache, commit, key)
        try DetachedMetadata.set(stage.mine, commit, [("key", .text("unsigned"))])
        try OSTreeCommand.lines(stage.mine, ["refs", "--create=d/e/f", commit])
        expectSuccess(try push(["d/e/f"], signedBy: keys))
        #expect(try DetachedMetadata.signatures(stage.cache, commit, key) == signatures)
        // And the other way round.
        try DetachedMetadata.set(stage.cache, commit, [("key", .text("unsigned"))])
        try DetachedMetadata.set(stage.mine, commit, [(key, value)])
        try OSTreeCommand.lines(stage.mine, ["refs", "--create=g/h/i", commit])
        expectSuccess(try push(["g/h/i"], signedBy: keys))
        try stage.expectArrived(["g/h/i"], at: commit)
    }

    @Test(arguments: SigningKeys.samples)
    func `A commit that is there with a good signature gets good ones and no others`(
        kind: SigningKeys.Kind, sample: SignatureSample
    ) throws {
        let keys = try SigningKeys(kind)
        let (key, value) = try keys.entry(stage.mine, commit)
        try DetachedMetadata.set(stage.mine, commit, [(key, value)])
        expectSuccess(try push(signedBy: keys, environment: Stage.allCapabilities))
        let before = try DetachedMetadata.signatures(stage.cache, commit, key)
        try keys.sign(stage.mine, commit, sample)
        switch sample {
        case .right, .joined, .unsigned, .noSignatures, .wrongType:
            expectSuccess(try push(signedBy: keys, environment: Stage.allCapabilities))
        case .tooMany:
            // All of them are the same one.
            expectSuccess(try push(signedBy: keys, environment: Stage.allCapabilities))
        default:
            try expectRefusal("of ref a/b/c is refused: a signature that came later ", "does not count") {
                try push(signedBy: keys, environment: Stage.allCapabilities)
            }
        }
        let after = try DetachedMetadata.signatures(stage.cache, commit, key)
        #expect(after.starts(with: before) && after.count <= 2, "\(after)")
        try stage.expectArrived(["a/b/c"], at: commit)
    }

    @Test(arguments: SigningKeys.Kind.allCases, [true, false])
    func `Nor can unsigned commits, or worthless signatures, come along without a ref`(
        kind: SigningKeys.Kind, isNew: Bool
    ) throws {
        let keys = try SigningKeys(kind)
        let other = try stage.commit("other", text: "other")
        // Where the cache has the commit already, it must not be given signatures that are none.
        if !isNew { expectSuccess(try push(["other"])) }
        try keys.sign(stage.mine, commit)
        try keys.sign(stage.mine, other, isNew ? .unsigned : .garbage)
        let bytes = ReceiverRun.push(
            [("a/b/c", Frame.nothing, commit)], try ObjectStream(ofArchive: stage.mine))
        let result = try expectFailure(
            "commit \(other) among the objects sent is refused: it", status: 1, unchanged: [stage.cache]
        ) { try ReceiverRun.run(stage.cache, bytes, keys.options) }
        let last = try #require(Frame.parse(result.output).last)
        #expect(last.kind == .status && last.holds("commit \(other) among the objects sent is refused"))
    }

    @Test func `Clients of version 0 are refused in the same way`() throws {
        let keys = try SigningKeys(.ed25519)
        let bytes = ReceiverRun.push0(
            [("a/b/c", Frame.nothing, commit)], try ObjectStream(ofArchive: stage.mine))
        try expectFailure("it has no ed25519 signature", status: 1, unchanged: [stage.cache]) {
            try ReceiverRun.run(stage.cache, bytes, ["--protocol", "0"] + keys.options)
        }
    }
}
